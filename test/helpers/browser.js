/** Chromium for tests of the page: Debian's, or the one that CLVP_CHROMIUM names. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'

const executablePath = [process.env.CLVP_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser'].find(
  (path) => path && existsSync(path),
)

/** Why tests of the page cannot run; false if they can. */
export const noBrowser = executablePath === undefined && 'no Chromium: apt-get install chromium'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** A browser with a microphone that hears a tone. */
export async function openBrowser(t) {
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      '--autoplay-policy=no-user-gesture-required',
    ],
  })
  t.teardown(() => browser.close())
  return browser
}

/** Opens the page of a server. What it asks of others, and what goes wrong in it, is a failure. */
export async function openPage(t, browser, server, options = {}) {
  const context = await browser.newContext(options)
  t.teardown(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(90_000)
  page.on('pageerror', (error) => t.fail(error.stack))
  page.on('request', (request) => {
    const isOwn = request.url().startsWith(server.url) || /^(blob|data):/.test(request.url())
    if (!isOwn) t.fail(`it asked for ${request.url()}`)
  })
  await page.goto(server.url)
  return page
}

/** The serious faults that axe finds. */
export async function accessibilityFaults(page) {
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => globalThis.axe.run())
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** Length in seconds and level of the sound that an element plays. */
export function soundOf(page, selector) {
  return page.locator(selector).evaluate(async (element) => {
    const bytes = await (await fetch(element.src ?? element.href)).arrayBuffer()
    const { duration, ...buffer } = await new AudioContext().decodeAudioData(bytes).then((decoded) => ({
      duration: decoded.duration,
      samples: decoded.getChannelData(0),
    }))
    const power = buffer.samples.reduce((sum, each) => sum + each * each, 0) / buffer.samples.length
    return { seconds: duration, level: Math.sqrt(power) }
  })
}
