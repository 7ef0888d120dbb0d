/** Pulls a model in a process of its own, for tests that end it; prints the result as JSON. */
import { pullModel } from '../../dist/lib/index.js'

// A limit on the size of files is to be an error of the write, and not the end of the process.
if (process.platform === 'linux') process.on('SIGXFSZ', () => {})

console.log(JSON.stringify(await pullModel(process.argv[2], { type: 'f32' })))
