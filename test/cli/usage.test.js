// What is said of arguments that are wrong: in our own words, with what was meant or where the flag belongs.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { flagsIn } from '../../dist/lib/cli/command.js'
import { parse } from '../../dist/lib/cli/parser.js'
import { suggestion } from '../../dist/lib/cli/suggestion.js'

const main = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url))
const clvp = (...args) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' })

t.test('the nearest word', async (t) => {
  const known = ['generate', 'rank', 'score', 'embed', 'explain']
  for (const [word, guess] of [
    ['genrate', 'generate'],
    ['generaet', 'generate'],
    ['rnak', 'rank'],
    ['expl', 'explain'],
    ['scores', 'score'],
    ['xyz', undefined],
    ['', undefined],
    ['n', undefined],
  ]) {
    t.equal(suggestion(word, known), guess, word)
  }
})

const usage = {
  args: 'MODEL TEXT',
  examples: [],
  flags: {
    Voice: { voice: { value: 'PATH', multiple: true, help: 'a clip' } },
    Drawing: { seed: { value: 'N', short: 's', help: 'seed' }, exact: { help: 'exactly' } },
  },
}
const read = (...argv) => parse(usage, argv)

t.test('what may be written', async (t) => {
  const args = read('m', '-s', '5', '--voice', 'a', 'text', '--voice=b', '--exact')
  t.same(args.positionals, ['m', 'text'])
  t.same(args.texts('voice'), ['a', 'b'])
  t.equal(args.number('seed'), 5)
  t.equal(args.flag('exact'), true)
  t.equal(read('--seed', '-5').number('seed'), -5, 'a negative number is a value')
  t.equal(read('-s7').number('seed'), 7)
  t.same(read('--', '--seed').positionals, ['--seed'])
  t.same(read('--voice', '-').texts('voice'), ['-'])
  t.same(Object.keys(flagsIn(usage)), ['voice', 'seed', 'exact', 'json', 'help'])
})

t.test('what is wrong', async (t) => {
  for (const [argv, message] of [
    [['--sede', '1'], 'there is no flag --sede: did you mean --seed?'],
    [['--nonsense'], 'there is no flag --nonsense'],
    [['-x'], 'there is no flag -x'],
    [['--toString'], 'there is no flag --toString'],
    [['--seed'], '--seed needs a value: --seed N'],
    [
      ['--voice', '--seed'],
      "--voice needs a value, but '--seed' follows, which looks like a flag: write --voice=--seed if it is the value",
    ],
    [['--exact=yes'], "--exact takes no value, but was given 'yes'"],
    [['a', 'b', 'c'], "'c' is one argument too many"],
    [['--seed', 'x'], "--seed takes a number, not 'x'"],
  ]) {
    t.throws(() => read(...argv).number('seed'), { message }, argv.join(' '))
  }
})

t.test('commands, and flags of other commands', async (t) => {
  for (const [args, message] of [
    [['genrate'], /^clvp: there is no command 'genrate': did you mean 'generate'\?\nSee 'clvp --help'\.\n$/],
    [['cahce', 'list'], /did you mean 'cache'\?/],
    [['batch', 'staus'], /^clvp: 'batch' is followed by one of generate, .*: did you mean 'batch status'\?/],
    [
      ['rank', 'demo', 'x', 'y', '--kv-type', 'f16'],
      /^clvp: 'clvp rank' has no use for --kv-type, a flag of 'clvp speak', 'clvp generate', .*: leave it out\nSee 'clvp rank --help'\.\n$/,
    ],
    [['explain', 'demo', 'x', '--device', 'cpu'], /'clvp explain' has no use for --device/],
    [['embed', 'demo', 'x', '--part', 'decoder'], /'clvp embed' has no use for --part/],
    [['generate', 'demo', 'x', '--voices', 'a'], /--voices, a flag of .*: did you mean --voice\?/],
  ]) {
    const { status, stdout, stderr } = clvp(...args)
    t.match({ status, stdout, stderr }, { status: 2, stdout: '', stderr: message }, args.join(' '))
  }
})

t.test('a pipe gets no colours, whatever the environment says', async (t) => {
  const { stderr } = spawnSync(process.execPath, [main, 'nonsense'], {
    encoding: 'utf8',
    env: { ...process.env, FORCE_COLOR: '3' },
  })
  t.match(stderr, /^clvp: there is no command/)
})
