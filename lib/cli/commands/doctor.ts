import { type Device, devices as list } from '../../addon/devices.js'
import { type Diagnosis, diagnose } from '../../addon/doctor.js'
import type { Command } from '../command.js'
import { megabytes, table } from '../table.js'

export const doctor: Command = {
  args: '',
  details:
    'Exits with status 1 if there is a problem. The environment variable CLVP_CPU names the CPU library to load instead of the best one.',
  examples: ['', '--json'],
  flags: {},
  async run() {
    const json = diagnose()
    return { text: report(json), json, status: json.problems.length > 0 ? 1 : 0 }
  },
}

function report(found: Diagnosis): string {
  const rows = [
    ['node-clvp', found.version],
    ['Node', `${found.node}, ${found.platform}${found.libc ? `, ${found.libc}` : ''}`],
  ]
  if (found.cpu) {
    rows.push(
      ['addon', `${found.addon} (${found.origin})`],
      ['CPU kernels', found.cpu.library ? `${found.cpu.variant} (${found.cpu.library})` : found.cpu.variant],
      ['CPU features', found.cpu.features.join(' ')],
      ['GGML', `${found.ggml}`],
      ...found.backends.map((library) => ['backend', library]),
    )
  }
  const parts = [table([['part', 'found'], ...rows])]
  if (found.devices.length > 0) parts.push(deviceTable(found.devices))
  parts.push(found.problems.length > 0 ? `Problems:\n${found.problems.join('\n')}` : 'All is well.')
  return parts.join('\n\n')
}

export const devices: Command = {
  args: '',
  examples: [''],
  flags: {},
  async run() {
    const json = list()
    return { text: deviceTable(json), json }
  },
}

function deviceTable(devices: readonly Device[]): string {
  const rows = devices.map(({ name, kind, description, memoryFree, memoryTotal }) => [
    name,
    kind,
    description,
    memoryTotal > 0 ? `${megabytes(memoryFree)} of ${megabytes(memoryTotal)}` : 'unknown',
  ])
  return table([['name', 'kind', 'description', 'free memory'], ...rows])
}
