import { type Device, devices as list } from '../../addon/devices.js'
import type { Command } from '../command.js'
import { megabytes, table } from '../table.js'

export const devices: Command = {
  name: 'devices',
  args: '',
  summary: 'List the devices that this build can compute on, best first',
  flags: {},
  async run() {
    const json = list()
    return { text: deviceTable(json), json }
  },
}

export function deviceTable(devices: readonly Device[]): string {
  const rows = devices.map(({ name, kind, description, memoryFree, memoryTotal }) => [
    name,
    kind,
    description,
    memoryTotal > 0 ? `${megabytes(memoryFree)} of ${megabytes(memoryTotal)}` : 'unknown',
  ])
  return table([['name', 'kind', 'description', 'free memory'], ...rows])
}
