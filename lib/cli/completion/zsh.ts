import type { Flag } from '../command.js'
import { type Node, origin, spellings, takesFile, takesModel } from './node.js'

export function zshScript(nodes: readonly Node[]): string {
  const named = nodes.filter(({ name }) => name !== '')
  return `#compdef clvp
# zsh completion for clvp, ${origin}
_clvp_models() {
  _alternative 'models:the embedded model:(demo)' 'files:file:_files'
}
_clvp() {
  local name= next
  local -i used=1
  while ((used < CURRENT - 1)); do
    next="\${name:+$name }\${words[used+1]}"
    case "$next" in
      ${named.map(({ name }) => quoted(name)).join('|')}) name="$next"; ((used++)) ;;
      *) break ;;
    esac
  done
  words=("\${(@)words[used,-1]}")
  ((CURRENT -= used - 1))
  case "$name" in
${nodes.map(branch).join('\n')}
  esac
}
if [[ $funcstack[1] == _clvp ]]; then _clvp "$@"; else compdef _clvp clvp; fi
`
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

function branch(node: Node): string {
  const { name, words, flags } = node
  if (words.length > 0 && Object.keys(flags).length === 0) {
    const rows = words.map(([word, text]) => quoted(`${word}:${text}`)).join(' ')
    return `    ${quoted(name)}) local -a members=(${rows}); _describe command members ;;`
  }
  const specs = Object.entries(flags).flatMap(([flag, row]) => flagSpecs(flag, row))
  const values = words.map(([word]) => word).join(' ')
  const rest = values
    ? `:word:(${values})`
    : takesModel(node)
      ? '*:model or file:_clvp_models'
      : '*:file:_files'
  return `    ${quoted(name)}) _arguments -s ${[...specs, quoted(rest)].join(' ')} ;;`
}

function flagSpecs(name: string, flag: Flag): string[] {
  const escaped = flag.help.replace(/[[\]\\:]/g, '\\$&')
  const action = flag.words ? `(${flag.words.join(' ')})` : takesFile(flag) ? '_files' : ' '
  const value = flag.value === undefined ? '' : `:${flag.value.replaceAll(':', '\\:')}:${action}`
  const all = spellings(name, flag)
  const excluded = flag.multiple ? '*' : all.length > 1 ? `(${all.join(' ')})` : ''
  return all.map((spelling) => quoted(`${excluded}${spelling}[${escaped}]${value}`))
}
