/** Links of static pages that lead to nothing. Links to other hosts are not followed. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const link = /\s(?:href|src)="([^"]*)"/g
const anchor = /\s(?:id|name)="([^"]*)"/g
const elsewhere = /^([a-z][a-z\d+.-]*:|\/\/)/i

/** `&amp;` and the like, as pages write them in links. */
const plain = (text) =>
  text.replace(
    /&(amp|lt|gt|quot|#39);/g,
    (_, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[name],
  )

/**
 * @param folder of the pages
 * @returns a line for each link that leads to no file, or to no place in its page
 */
export function brokenLinks(folder) {
  const anchors = new Map()
  const anchorsOf = (page) => {
    if (!anchors.has(page)) {
      const found = [...readFileSync(page, 'utf8').matchAll(anchor)].map(([, id]) => plain(id))
      anchors.set(page, new Set(found))
    }
    return anchors.get(page)
  }
  const faultOf = (page, href) => {
    const [path, place] = href.split('#').map(decodeURIComponent)
    let target = path === '' ? page : join(dirname(page), path.split('?')[0])
    if (existsSync(target) && statSync(target).isDirectory()) target = join(target, 'index.html')
    if (relative(folder, target).startsWith('..')) return 'is outside of the pages'
    if (!existsSync(target)) return 'leads to no file'
    const isPlace = place !== undefined && place !== '' && target.endsWith('.html')
    return isPlace && !anchorsOf(target).has(place) ? 'leads to no place in its page' : undefined
  }
  const faults = []
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!name.endsWith('.html')) continue
    const page = join(folder, name)
    const hrefs = new Set([...readFileSync(page, 'utf8').matchAll(link)].map(([, href]) => plain(href)))
    for (const href of hrefs) {
      const fault = elsewhere.test(href) ? undefined : faultOf(page, href)
      if (fault !== undefined) faults.push(`${name}: ${href} ${fault}`)
    }
  }
  return faults.sort()
}
