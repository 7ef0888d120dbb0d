/** @node-clvp/server: models of node-clvp over HTTP. */
export { main } from './main.js'
export { Server, version } from './server.js'
export { type ModelSource, readSettings, type Settings, UsageError, usage } from './settings.js'
