/**
 * A process of its own for test/base/kill.test.js and test/base/full-disk.test.js:
 *
 *     node writing.js forever convert|quantize SOURCE TARGET   // q8_0 and f16 in turn, until it is killed; tells when it has begun
 *     node writing.js once convert|quantize SOURCE TARGET      // prints 'whole' or an error's code and message
 */
import { convertFolder, quantizeFile } from '../../dist/lib/index.js'

const [times, how, source, target] = process.argv.slice(2)
const write = (type) =>
  ({ convert: convertFolder, quantize: quantizeFile })[how](source, target, { type, threads: 2 })

if (times === 'forever') {
  for (let round = 0; ; round++) {
    for (const type of ['q8_0', 'f16']) await write(type)
    if (round === 0) console.log('begun')
  }
}
await write('q8_0').then(
  () => console.log('whole'),
  ({ code, message }) => console.log(code, message),
)
