// The default normaliser reads what people write as an English speaker does, and a reading is read as it stands.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { TextReader } from '../../dist/lib/text/reading/reading.js'

const readings = JSON.parse(readFileSync(new URL('english_readings.json', import.meta.url), 'utf8'))
const reader = new TextReader('english', new Set("!'(),-./:;?abcdefghijklmnopqrstuvwxyz"))

t.ok(Object.values(readings).flat().length >= 400)
for (const [name, pairs] of Object.entries(readings)) {
  t.test(name, async (t) => {
    for (const [text, reading] of pairs) {
      t.equal(reader.normalize(text), reading, JSON.stringify(text))
      t.equal(reader.read(text).text, reading, `${JSON.stringify(text)}, traced`)
      t.equal(reader.normalize(reading), reading, `${JSON.stringify(reading)} again`)
    }
  })
}
