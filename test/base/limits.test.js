// The table of limits in TypeScript is the core's.
import t from 'tap'
import { binding } from '../../dist/lib/addon/binding.js'
import { limits } from '../../dist/lib/base/limits.js'

t.test('both tables have the same names and numbers', async (t) => {
  t.same({ ...limits }, binding.limits())
})
