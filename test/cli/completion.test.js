// The completion scripts, asked by the shells themselves. zsh and fish are asked where they are installed.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'

const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const clvp = (...args) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })
const dir = t.testdir({ 'model.gguf': '', 'voice.wav': '' })

const has = (shell) => spawnSync(shell, ['--version']).status === 0

function scriptOf(t, shell) {
  const { status, stdout, stderr } = clvp('completion', shell)
  t.match({ status, stderr }, { status: 0, stderr: '' })
  const file = join(dir, `clvp.${shell}`)
  writeFileSync(file, stdout)
  return file
}

/** Words before the cursor, and what must and must not be offered. */
const cases = [
  [['gen'], ['generate'], ['rank']],
  [['batch', 's'], ['speak', 'score', 'status', 'submit'], ['merge']],
  [['batch', 'submit', ''], ['generate', 'embed'], ['status']],
  [['generate', '--cand'], ['--candidates'], ['--voice']],
  [['rank', '--k'], [], ['--kv-type', '--keep']],
  [['generate', 'demo', 'Hi.', '--preset', 'ultra'], ['ultra_fast'], ['fast']],
  [['generate', 'mod'], ['model.gguf'], ['voice.wav']],
  [['generate', 'dem'], ['demo'], []],
  [['speak', 'model.gguf', '--voice', 'voi'], ['voice.wav'], ['model.gguf']],
  [['completion', ''], ['bash', 'zsh', 'fish'], []],
]

function check(t, ask) {
  for (const [words, wanted, unwanted] of cases) {
    const offered = ask(words)
    for (const each of wanted) t.ok(offered.includes(each), `${words.join(' ')}: ${each} in ${offered}`)
    for (const each of unwanted) t.notOk(offered.includes(each), `${words.join(' ')}: no ${each}`)
  }
}

t.test('bash', { skip: !has('bash') && 'there is no bash' }, async (t) => {
  const script = scriptOf(t, 'bash')
  check(t, (words) => {
    const code = `source "$1"; shift; COMP_WORDS=(clvp "$@"); COMP_CWORD=$#; _clvp; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { status, stdout, stderr } = spawnSync('bash', ['-c', code, 'bash', script, ...words], {
      encoding: 'utf8',
      cwd: dir,
    })
    t.match({ status, stderr }, { status: 0, stderr: '' })
    return stdout.split('\n')
  })
})

t.test('fish', { skip: !has('fish') && 'there is no fish' }, async (t) => {
  const script = scriptOf(t, 'fish')
  check(t, (words) => {
    const line = ['clvp', ...words].join(' ')
    const { status, stdout, stderr } = spawnSync('fish', ['-c', `source ${script}; complete -C '${line}'`], {
      encoding: 'utf8',
      cwd: dir,
      env: { ...process.env, HOME: dir },
    })
    t.match({ status, stderr }, { status: 0, stderr: '' })
    return stdout.split('\n').map((row) => row.split('\t')[0])
  })
})

t.test('zsh', { skip: !has('zsh') && 'there is no zsh' }, async (t) => {
  const script = scriptOf(t, 'zsh')
  mkdirSync(join(dir, 'home'), { recursive: true })
  // A terminal of its own, in which Tab lists what is offered.
  const driver = join(dir, 'ask.zsh')
  writeFileSync(
    driver,
    `zmodload zsh/zpty
zpty asked zsh -f -i
zpty -w asked "PROMPT= PS2= ; autoload -Uz compinit; compinit -u -d $HOME/dump; source $1; cd $2"
zpty -w asked "zstyle ':completion:*' list-colors ''; LISTMAX=10000; LINES=400; COLUMNS=200; setopt no_always_last_prompt"
zpty -w asked "bindkey '^T' list-choices; print -r -- REA''DY"
zpty -r asked shown '*READY*'
zpty -n -w asked "clvp $3"$'\\C-T'
zpty -n -w asked $'\\C-U'"print -r -- EN''D"$'\\n'
zpty -r asked shown '*END*'
print -r -- "$shown"
`,
  )
  check(t, (words) => {
    const { stdout } = spawnSync('zsh', ['-f', driver, script, dir, words.join(' ')], {
      encoding: 'utf8',
      cwd: dir,
      env: { ...process.env, HOME: join(dir, 'home'), TERM: 'dumb' },
      timeout: 60_000,
    })
    // The line that was typed comes back first. Descriptions stand behind two dashes.
    const [, ...behind] = stripVTControlCharacters(stdout).split(`clvp ${words.join(' ')}`)
    return behind
      .join('\n')
      .split(/\r?\n/)
      .flatMap((line) => line.split(' -- ')[0].trim().split(/\s+/))
  })
})

t.test('another shell', async (t) => {
  t.match(clvp('completion', 'tcsh'), { status: 2, stderr: /SHELL is one of bash, zsh, fish, not 'tcsh'/ })
  t.match(clvp('completion'), { status: 2, stderr: /SHELL \(bash, zsh, fish\) is missing/ })
  t.match(clvp('completion', 'bash', '--json'), { status: 2, stderr: /no use for --json/ })
})
