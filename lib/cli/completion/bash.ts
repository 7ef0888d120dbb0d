import { type Node, origin, spellings, takesFile, takesModel } from './node.js'

/** The script for bash 4 and newer. */
export function bashScript(nodes: readonly Node[]): string {
  return `# bash completion for clvp, ${origin}
_clvp() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} name= words= flags= files= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${name:+$name }\${COMP_WORDS[i]}" in
      ${patterns(nodes.filter(({ name }) => name !== '').map(({ name }) => name))}) name="\${name:+$name }\${COMP_WORDS[i]}" ;;
      *) break ;;
    esac
  done
  case "$name $before" in
${values(nodes)}
  esac
  case "$name" in
${nodes.map(places).join('\n')}
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$word"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    [[ -z $files ]] || COMPREPLY+=($(compgen -f -- "$word"))
  fi
}
complete -o bashdefault -o filenames -F _clvp clvp
`
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
const patterns = (texts: readonly string[]) => texts.map(quoted).join('|')

/** What may follow flags with a value. */
function values(nodes: readonly Node[]): string {
  const found = new Map<string, string[]>()
  for (const { name, flags } of nodes) {
    for (const [flag, row] of Object.entries(flags)) {
      if (row.value === undefined) continue
      const words = row.words === undefined ? '' : `compgen -W ${quoted(row.words.join(' '))} -- "$word"`
      const action = words || (takesFile(row) ? 'compgen -f -- "$word"' : ':')
      const places = spellings(flag, row).map((spelling) => `${name} ${spelling}`)
      found.set(action, [...(found.get(action) ?? []), ...places])
    }
  }
  return [...found]
    .map(([action, places]) => `    ${patterns(places)}) COMPREPLY=($(${action})); return ;;`)
    .join('\n')
}

function places(node: Node): string {
  const { name, flags, words, args } = node
  const shown = [...words.map(([word]) => word), ...(takesModel(node) ? ['demo'] : [])].join(' ')
  const spelled = Object.entries(flags).flatMap(([flag, row]) => spellings(flag, row))
  const files = args !== '' && words.length === 0 ? ' files=1' : ''
  return `    ${quoted(name)}) words=${quoted(shown)} flags=${quoted(spelled.join(' '))}${files} ;;`
}
