// A tensor's memory may be on a device: the core reads and writes it by GGML's backend API alone, never by its pointer.
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'

const folder = new URL('../../native/src/', import.meta.url)

/** Ways around the backend API: the pointer itself, and GGML's functions that take it. */
const forbidden =
  /->\s*data\b(?!\s*\()|\bggml_(get_data(_f32)?|[gs]et_[if]32(_1d|_nd)?|set_zero|graph_compute_with_ctx|backend_tensor_get_data)\s*\(/

/**
 * Kernels of the CPU: GGML calls them on tensors that it has placed in the CPU's memory, as it calls its own, and they are in a graph
 * only if the session's device is the CPU (`Backend::on_cpu`). The cache tells one of them where its heads lie.
 */
const kernels = /^(kernels\/\w+|model\/step_attention)\.(cpp|h)$/
const excepted = {
  'model/kv_cache.cpp': 'return static_cast<char *>(tensor->data) + position * tensor->nb[1]',
}

function offences(text) {
  return text
    .split('\n')
    .map((line, i) => ({ line: i + 1, code: line.replace(/\/\/.*/, '') }))
    .filter(({ code }) => forbidden.test(code))
}

t.test('no file of the core takes a tensor by its pointer', async (t) => {
  const files = readdirSync(folder, { recursive: true }).filter(
    (name) => /\.(cpp|h)$/.test(name) && !kernels.test(name),
  )
  t.ok(files.length > 60)
  for (const name of files) {
    const found = offences(readFileSync(new URL(name, folder), 'utf8')).filter(
      ({ code }) => !(name in excepted && code.trim().startsWith(excepted[name])),
    )
    t.same(found, [], `${name} uses ggml_backend_tensor_get() and _set()`)
  }
})

t.test('what the check is for is seen', async (t) => {
  for (const bad of [
    'memcpy(to, tensor->data, n);',
    'auto * p = (float *) x -> data;',
    'const float * p = ggml_get_data_f32(tensor);',
    'ggml_set_f32(tensor, 1.0f);',
    'ggml_graph_compute_with_ctx(ctx, graph, 4);',
  ]) {
    t.equal(offences(bad).length, 1, bad)
  }
  for (const good of [
    'ggml_backend_tensor_get(tensor, values.data(), 0, n);',
    'mapping->data()',
    '// tensor->data is not ours',
    'copy->dataOffset',
  ]) {
    t.equal(offences(good).length, 0, good)
  }
})
