import { entries, families, membersOf } from '../catalogue.js'
import { type Command, flagsIn, UsageError } from '../command.js'
import { bashScript } from '../completion/bash.js'
import { fishScript } from '../completion/fish.js'
import type { Node } from '../completion/node.js'
import { zshScript } from '../completion/zsh.js'

const shells: Readonly<Record<string, (nodes: readonly Node[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

const names = Object.keys(shells)

export const completion: Command = {
  args: 'SHELL',
  details:
    'SHELL is bash, zsh or fish. Load the script where the shell starts:\n' +
    '- bash, in ~/.bashrc: source <(clvp completion bash)\n' +
    '- zsh, in ~/.zshrc behind compinit: source <(clvp completion zsh)\n' +
    '- fish: clvp completion fish > ~/.config/fish/completions/clvp.fish',
  examples: ['bash'],
  flags: {},
  isTextOnly: true,
  async run(args) {
    const shell = args.positional(0, `SHELL (${names.join(', ')})`)
    const script = Object.hasOwn(shells, shell) ? shells[shell] : undefined
    if (!script) throw new UsageError(`SHELL is one of ${names.join(', ')}, not '${shell}'`)
    return { text: script(await nodes()).trimEnd(), json: null }
  },
}

/** Every place of a command line where something can be completed. A command whose package is not installed has no flags. */
async function nodes(): Promise<Node[]> {
  const inner = ['', ...Object.keys(families)].map(
    (name): Node => ({ name, words: membersOf(name), flags: {}, args: '' }),
  )
  const leaves = entries.map(async ({ name, load }): Promise<Node> => {
    const command = await load().catch(() => undefined)
    const words: [string, string][] = name === 'completion' ? names.map((each) => [each, '']) : []
    return { name, words, flags: command ? flagsIn(command) : {}, args: command?.args ?? '' }
  })
  return [...inner, ...(await Promise.all(leaves))]
}
