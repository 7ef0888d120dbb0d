// Changed inputs are read or refused with a ClvpError, and soon: torch files, safetensors, tokenizers'
// files, configurations, and the tensors of stages of speech.
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import * as configs from './readers/config.js'
import { fuzz, inputOf, outcomeOf } from './readers/driver.js'
import { packFiles } from './readers/files.js'
import { safetensors } from './readers/safetensors.js'
import { stages } from './readers/stages.js'
import * as tokenizers from './readers/tokenizer.js'
import { torch } from './readers/torch.js'

const { config } = configs
const { tokenizer } = tokenizers

/** So many inputs of each, or as many as these seconds allow on a busy machine. */
const SECONDS = 8
const targets = [
  [torch, 10_000],
  [safetensors, 10_000],
  [tokenizer, 4000],
  [config, 4000],
  [stages, 4000],
]

for (const [target, runs] of targets) {
  t.test(target.name, async (t) => {
    for (const [i, bytes] of target.seeds.entries()) {
      t.equal(await outcomeOf(target, bytes), 'read', `the seed input ${i}`)
    }
    const found = await fuzz(target, { runs, seconds: SECONDS })
    t.comment(`${found.runs} inputs: ${JSON.stringify(found.outcomes)}`)
    t.ok(found.outcomes.read > found.runs / 100, 'some are still read, so that changes go deep')
    const { CLVP_MODEL_FORMAT: malformed, CLVP_UNSUPPORTED: unsupported = 0 } = found.outcomes
    t.ok(malformed + unsupported > found.runs / 10, 'and many are refused')
  })
}

t.test('what was found once', async (t) => {
  const noNumber = '{"toString":1,"valueOf":1}'
  const deep = '['.repeat(20_000) + ']'.repeat(20_000)
  const ofTokenizer = (text) => {
    const whole = { 'vocab.json': '{"a":0}', 'merges.txt': '#version', 'tokenizer_config.json': text }
    return [tokenizer, packFiles(tokenizers.NAMES, whole)]
  }
  const ofConfig = (name, text) => [config, packFiles(configs.NAMES, { [name]: text })]
  const ofVoice = (number) => {
    return ofConfig('voice.json', `{"format":"clvp-voice","version":1,"clips":1,"embedding":[${number}]}`)
  }
  const found = {
    'a length that is no number': ofTokenizer(`{"model_max_length":${noNumber}}`),
    'a length of lists in lists': ofTokenizer(`{"model_max_length":${deep}}`),
    'a special token too long for a pattern': ofTokenizer(`{"unk_token":"${'x'.repeat(2 ** 20)}"}`),
    'an added token of lists in lists': ofTokenizer(`{"added_tokens_decoder":{"0":{"content":${deep}}}}`),
    'lists in lists for a feature extractor': ofConfig(
      'processor_config.json',
      `{"feature_extractor":{"a":${deep}}}`,
    ),
    'a voice of what is no number': ofVoice(noNumber),
    'a voice of lists in lists': ofVoice(deep),
  }
  for (const [name, [target, bytes]] of Object.entries(found)) {
    try {
      t.match(await outcomeOf(target, bytes), /^CLVP_(MODEL_FORMAT|UNSUPPORTED)$/, name)
    } catch (error) {
      t.fail(`${name}: ${error.name}: ${String(error.message).slice(0, 200)}`)
    } finally {
      target.close()
    }
  }
})

t.test('an input is the same for the same seed', async (t) => {
  for (const [target] of targets) {
    t.same(inputOf(target, 123), inputOf(target, 123))
    t.notSame(inputOf(target, 123), inputOf(target, 124))
  }
})

t.test('the driver sees what is neither read nor refused', async (t) => {
  const crashes = fileURLToPath(new URL('../../.cache/fuzz/of-the-test', import.meta.url))
  t.teardown(() => rmSync(crashes, { recursive: true, force: true }))
  const target = (run) => ({ name: 'of-the-test', seeds: [Buffer.from('a')], maxMs: 50, run })
  const wrong = new TypeError('not ours')
  const throwing = target(() => Promise.reject(wrong))
  await t.rejects(fuzz(throwing, { runs: 1 }), { message: /crash-.*not ours/s, cause: wrong })
  const slow = target(() => {
    const started = process.cpuUsage().user
    while (process.cpuUsage().user - started < 60_000);
  })
  await t.rejects(fuzz(slow, { runs: 0 }), /it took \d+ ms/)
})
