// The device option: kinds, numbers and names; what is not there is refused with what there is, never replaced.
import t from 'tap'
import { Clvp, devices, diagnose } from '../../dist/lib/index.js'
import { tinyFile } from '../helpers/model.js'

const file = await tinyFile()
const have = devices().map(({ name }) => name.toLowerCase())

t.test('names of the CPU', async (t) => {
  for (const device of ['cpu', 'CPU', 'cpu:0']) {
    const clvp = await Clvp.load(file, { device, threads: 1 })
    t.equal(clvp.info.device, 'CPU', device)
    await clvp.dispose()
  }
})

t.test('auto takes the first', async (t) => {
  const clvp = await Clvp.load(file, { device: 'auto', threads: 1 })
  t.equal(clvp.info.device, devices()[0].name)
  await clvp.dispose()
})

t.test('what is not there', async (t) => {
  const absent = ['cuda', 'metal', 'vulkan'].filter(
    (kind) => !have.some((name) => name.startsWith(kind.slice(0, 2))),
  )
  for (const device of [...absent, 'cpu:1', 'cuda:9', 'cpu:', 'cpu:one', 'cpu:-1', '']) {
    await t.rejects(
      Clvp.load(file, { device }),
      {
        code: 'CLVP_DEVICE',
        message: new RegExp(`no device '${device}' here: there is .*cpu.*Use one of these, or 'auto'`),
      },
      device,
    )
  }
})

t.test('free memory of the CPU', async (t) => {
  const cpu = devices().find(({ kind }) => kind === 'cpu')
  t.equal(typeof cpu.memoryFree, 'number')
  // Some of it is always in use: by this process, for one.
  t.ok(cpu.memoryFree > 0 && cpu.memoryFree < cpu.memoryTotal, `${cpu.memoryFree} of ${cpu.memoryTotal}`)
  const { devices: found } = diagnose()
  const told = found.find(({ kind }) => kind === 'cpu')
  t.ok(told.memoryFree < told.memoryTotal, 'the doctor tells the same')
})
