/** The help of all commands, and of those with the same first words. */
import { families, membersOf, sections } from './catalogue.js'
import { overviewOf } from './help.js'
import type { Terminal } from './terminal.js'

export function overview(terminal: Terminal): string {
  return overviewOf(
    {
      usage: 'clvp COMMAND [options]',
      intro:
        'Speaks a text in a cloned voice: draws candidates, ranks them, and makes sound of the best. A MODEL is a .gguf file, a folder with a checkpoint, a hub id, or demo, the small model in the package.',
      examples: [
        'clvp generate demo "Good morning." --candidates 16 --wav morning.wav',
        'clvp speak speaking.gguf "Hello world." --voice me.wav -o hello.wav',
      ],
      lists: sections.map(({ title, entries }) => ({ title, rows: membersOf('', entries) })),
      end: "'clvp COMMAND --help' describes a command; 'clvp --version' prints the version.",
    },
    terminal,
  )
}

export function familyHelp(family: string, terminal: Terminal): string {
  return overviewOf(
    {
      usage: `clvp ${family} COMMAND [options]`,
      intro: `${families[family]}.`,
      lists: [{ title: 'Commands', rows: membersOf(family) }],
      end: `'clvp ${family} COMMAND --help' describes a command.`,
    },
    terminal,
  )
}
