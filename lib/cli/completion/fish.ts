import type { Flag } from '../command.js'
import { type Node, origin, takesFile, takesModel } from './node.js'

export function fishScript(nodes: readonly Node[]): string {
  const named = nodes.filter(({ name }) => name !== '')
  return `# fish completion for clvp, ${origin}
function __clvp_at --description 'Is the command line at these words of clvp?'
    set -l name ''
    for word in (commandline -opc)[2..]
        set -l next (string trim -- "$name $word")
        contains -- "$next" ${named.map(({ name }) => quoted(name)).join(' ')}; or break
        set name $next
    end
    test "$name" = "$argv[1]"
end
complete -c clvp -e
${nodes.flatMap(lines).join('\n')}
`
}

const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

function lines(node: Node): string[] {
  const { name, words, flags } = node
  const at = `complete -c clvp -n ${quoted(`__clvp_at ${quoted(name)}`)}`
  return [
    ...words.map(([word, text]) => `${at} -f -a ${quoted(word)}${text && ` -d ${quoted(text)}`}`),
    ...(takesModel(node) ? [`${at} -a demo -d 'the embedded model'`] : []),
    ...Object.entries(flags).map(([flag, row]) => `${at} ${flagOf(flag, row)}`),
  ]
}

function flagOf(name: string, flag: Flag): string {
  const { short, value, words, help } = flag
  const parts = [`-l ${name}`, ...(short === undefined ? [] : [`-s ${short}`]), `-d ${quoted(help)}`]
  if (value === undefined) return parts.join(' ')
  if (words) return [...parts, `-x -a ${quoted(words.join(' '))}`].join(' ')
  return [...parts, takesFile(flag) ? '-r -F' : '-x'].join(' ')
}
