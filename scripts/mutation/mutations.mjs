/**
 * Single places that, broken, must be caught by the committed tests. Each replaces `from`, which its file has once, by `to`.
 */
const native = 'native/src'
const models = 'lib/transformers'

export const mutations = [
  {
    what: 'rotary embedding is not applied to the values',
    file: `${native}/model/encoder.cpp`,
    from: `    ggml_tensor * y = rotate(ctx, p, norm_linear(ctx, block.attn_norm, block.qkv, x), positions);
    y = attention(ctx, split_heads(ctx, y, p.n_head), mask, &trace);`,
    to: `    ggml_tensor * plain = norm_linear(ctx, block.attn_norm, block.qkv, x);
    Heads heads = split_heads(ctx, rotate(ctx, p, plain, positions), p.n_head);
    heads.v = split_heads(ctx, plain, p.n_head).v;
    ggml_tensor * y = attention(ctx, heads, mask, &trace);`,
  },
  {
    what: 'the rotary frequencies have another base',
    file: `${native}/model/hparams.cpp`,
    from: 'std::pow(10000.0f,',
    to: 'std::pow(9000.0f,',
  },
  {
    what: 'position 1 is always used',
    file: `${native}/model/prompt.cpp`,
    from: 'return positions == Positions::trained ? 1 : 2;',
    to: 'return positions == Positions::trained ? 1 : 1;',
  },
  {
    what: 'position 1 is never used',
    file: `${native}/model/prompt.cpp`,
    from: 'return positions == Positions::trained ? 1 : 2;',
    to: 'return positions == Positions::trained ? 2 : 2;',
  },
  {
    what: 'the prefix has no positions taken away',
    file: `${native}/model/prompt.cpp`,
    from: 'return ggml_add(ctx, ggml_sub(ctx, x, table_rows(ctx, w.pos_embd, 0, x->ne[1])), first);',
    to: 'return ggml_add(ctx, x, first);',
  },
  {
    what: 'the text encoder sees no stop',
    file: `${native}/model/conditioning.cpp`,
    from: '{ return with_stop(text_ids, params.text_eos); }',
    to: '{ (void)params; return text_ids; }',
  },
  {
    what: 'generate puts no second stop behind the text',
    file: `${models}/id_rows.ts`,
    from: 'row.splice(pad < 0 ? columns : pad, 0, stop)',
    to: 'row.splice(pad < 0 ? columns : pad, 0, ...[stop].slice(1))',
  },
  {
    what: 'text positions do not follow the mask',
    file: `${native}/model/conditioning.cpp`,
    from: 'sum += seen ? 1 : 0;',
    to: 'sum += seen ? 1 : 1;',
  },
  {
    what: 'the encoders ignore the mask',
    file: `${native}/model/encoder.cpp`,
    from: 'rows.mask.empty() ? std::vector<float>() : score_mask(rows, 0, false);',
    to: 'std::vector<float>();',
  },
  {
    what: 'the decoder ignores the mask',
    file: `${native}/model/rows.cpp`,
    from: '(!rows.mask.empty() && rows.mask[r * n_keys + k] == 0) || (causal && k > n_past + q)',
    to: '(!causal && !rows.mask.empty() && rows.mask[r * n_keys + k] == 0) || (causal && k > n_past + q)',
  },
  {
    what: 'the decoder sees one token ahead',
    file: `${native}/model/rows.cpp`,
    from: '(causal && k > n_past + q)',
    to: '(causal && k > n_past + q + 1)',
  },
  {
    what: 'the halves of the GEGLU are swapped',
    file: `${native}/model/ops.cpp`,
    from: 'ggml_mul(ctx, activation(ctx, act, half(1)), half(0))',
    to: 'ggml_mul(ctx, activation(ctx, act, half(0)), half(1))',
  },
  {
    what: 'the last token is pooled as the first',
    file: `${native}/model/encoder.cpp`,
    from: '(n_tokens - 1) * x->nb[1]));',
    to: '0 * n_tokens * x->nb[1]));',
  },
  {
    what: 'the final norm is left out',
    file: `${native}/model/decoder_blocks.h`,
    from: 'return norm_linear(ctx, w.final_norm, w.lm_head, x);',
    to: 'return linear(ctx, w.lm_head, x);',
  },
  {
    what: "the final norm has the configuration's epsilon",
    file: `${native}/model/weights.cpp`,
    from: 'table.norm("dec.final_norm", p.n_embd)',
    to: 'table.norm("dec.final_norm", p.n_embd, true, 5e-2f)',
  },
  {
    what: 'token types are ignored',
    file: `${native}/model/decoder.cpp`,
    from: 'return rows.types.empty() ? x : add(w.token_embd, "types", rows.types);',
    to: 'return x;',
  },
  {
    what: 'positions behind a past begin at 0',
    file: `${native}/model/decoder.cpp`,
    from: 'static_cast<int32_t>(past_tokens(rows) + i % rows.n_tokens)',
    to: 'static_cast<int32_t>(i % rows.n_tokens)',
  },
  {
    what: 'hidden tokens of a prompt are remembered',
    file: `${native}/model/prompt.cpp`,
    from: 'if (rows.mask[i] != 0) {',
    to: 'if (rows.mask[i] >= 0) {',
  },
  {
    what: 'the last frame is the voice',
    file: `${native}/model/conditioning.cpp`,
    from: 'ggml_view_1d(ctx, x, x->ne[0], 0)',
    to: 'ggml_view_1d(ctx, x, x->ne[0], (x->ne[1] - 1) * x->nb[1])',
  },
  {
    what: 'the group norm has other groups',
    file: `${native}/model/hparams.cpp`,
    from: 'n_channels <= 64 ? 16 : 32',
    to: 'n_channels <= 64 ? 8 : 32',
  },
  {
    what: 'a row ends in two fixing codes and not three',
    file: `${native}/api/codes.cpp`,
    from: 'n > 3 ? n - 3 : 0',
    to: 'n > 2 ? n - 2 : 0',
  },
  {
    what: 'scores are multiplied by the logarithm of the scale',
    file: `${native}/api/codes.cpp`,
    from: 'std::exp(static_cast<double>(params.logit_scale))',
    to: 'static_cast<double>(params.logit_scale)',
  },
  {
    what: 'the repetition penalty divides negative scores too',
    file: `${native}/generate/logits_limits.cpp`,
    from: 'x = x < 0 ? x * penalty : x / penalty;',
    to: 'x = x / penalty;',
  },
  {
    what: 'the penalty counts padding',
    file: `${models}/prompts.ts`,
    from: 'padding: own ? Math.max(0, own.indexOf(1)) : 0',
    to: 'padding: 0',
  },
  {
    what: 'a stop may come one token too early',
    file: `${native}/generate/logits_limits.cpp`,
    from: 'if (n_drawn < limits.min_tokens) {',
    to: 'if (n_drawn + 1 < limits.min_tokens) {',
  },
  {
    what: 'the length penalty does not count the stop',
    file: `${native}/generate/beam.cpp`,
    from: 'beam.score /= std::pow(static_cast<float>(beam.tokens.size()), o.length_penalty);',
    to: 'beam.score /= std::pow(static_cast<float>(beam.tokens.size() - 1), o.length_penalty);',
  },
  {
    what: 'beams do not say where they came from',
    file: `${native}/generate/beam.cpp`,
    from: 'next[slot].rank = rank++;',
    to: 'next[slot].rank = static_cast<uint32_t>(slot) + 0 * rank++;',
  },
  {
    what: 'a masked prompt goes on from its number of tokens',
    file: `${models}/prompts.ts`,
    from: 'return mask[i] === 0 ? 0 : sum - 1',
    to: 'return i',
  },
  {
    what: 'ignored labels count',
    file: `${models}/loss.ts`,
    from: 'if (label === ignoredLabel) continue',
    to: 'if (label === ignoredLabel) { count++; continue }',
  },
  {
    what: 'the contrastive loss has one side only',
    file: `${models}/loss.ts`,
    from: 'sum += crossEntropy(row, i) + crossEntropy(column, i)',
    to: 'sum += 2 * crossEntropy(row, i) + 0 * crossEntropy(column, i)',
  },
  {
    what: "a code's frames are taken in the other order",
    file: `${native}/model/codebook.cpp`,
    from: 'row[frame * mel.n_mels + m]',
    to: 'row[(frames_per_code - 1 - frame) * mel.n_mels + m]',
  },
  {
    what: 'magnitudes are power',
    file: `${native}/audio/griffin_lim.cpp`,
    from: 'return float(std::sqrt(x));',
    to: 'return float(x);',
  },
  {
    what: 'the phases have no momentum',
    file: `${native}/audio/griffin_lim.cpp`,
    from: 'magnitudes, 0.99f, spectra);',
    to: 'magnitudes, 0.0f, spectra);',
  },
  {
    what: 'the second frame of a pair has the wrong sign',
    file: `${native}/audio/stft.cpp`,
    from: 'float((re_[mirror] - re_[bin]) / 2)',
    to: 'float((re_[bin] - re_[mirror]) / 2)',
  },
  {
    what: 'a pickle may ask for any name',
    file: 'quantize/formats/torch_objects.ts',
    from: 'if (GLOBALS.has(name)) return',
    to: 'return',
  },
  {
    what: 'a tensor may reach beyond its storage',
    file: 'quantize/formats/torch_objects.ts',
    from: 'if (!(offset + spanOf(view) <= storage.count)) {',
    to: 'if (!(spanOf(view) <= storage.count)) {',
  },
  {
    what: "a zip's entries may overlap",
    file: 'quantize/formats/zip.ts',
    from: 'if (entry.localOffset < end) throw',
    to: 'if (entry.localOffset < 0) throw',
  },
  {
    what: "tortoise's query, key and value are taken for thirds of the rows",
    file: 'quantize/checkpoint/tortoise.ts',
    from: 'narrow(splitFirst(view, heads), 1, part * width, width)',
    to: 'narrow(splitFirst(view, 1), 1, part * width * heads, width * heads)',
  },
  {
    what: 'what is quantized already is quantized anew',
    file: `${native}/gguf/writer.cpp`,
    from: 'if (source.type == tensor.type && !source.transposed) {',
    to: 'if (source.type == tensor.type && ggml_blck_size(tensor.type) == 1 && !source.transposed) {',
  },
  {
    what: 'importance is ignored',
    file: `${native}/gguf/writer.cpp`,
    from: 'columns.empty() ? nullptr : columns.data()',
    to: 'columns.empty() ? nullptr : nullptr',
  },
  {
    what: "a tensor's checksum is not compared",
    file: `${native}/gguf/checksum.cpp`,
    from: 'if (stated && hash.text() != *stated) {',
    to: 'if (stated && hash.text().empty()) {',
  },
  {
    what: 'the padding behind the last tensor is not looked at',
    file: `${native}/gguf/checksum.cpp`,
    from: 'check_zeros(end, std::min(last, header.n_bytes));',
    to: 'check_zeros(end, end);',
  },
  {
    what: 'a temporary file that is being written is removed',
    file: `${native}/base/file.cpp`,
    from: 'if (flock(fd, LOCK_EX | LOCK_NB) == 0) {',
    to: 'if (fd >= 0) {',
  },
  // What keeps hostile files and a failing system out.
  {
    what: 'a block is not taken up by itself',
    file: `${native}/model/decoder_blocks.h`,
    from: 'x = graph.expand(block_forward(graph.ctx(), w.blocks[i], p, x, [&](ggml_tensor * qkv) { return attend(i, qkv); }));',
    to: 'x = block_forward(graph.ctx(), w.blocks[i], p, x, [&](ggml_tensor * qkv) { return attend(i, qkv); });',
  },
  {
    what: 'weights may be NaN',
    file: `${native}/model/load_weights.cpp`,
    from: 'if (!all_finite(to->type, bytes.data(), n)) {',
    to: 'if (!all_finite(to->type, bytes.data(), 0)) {',
  },
  {
    what: 'tensors may reach past the end',
    file: `${native}/gguf/gguf_reader.cpp`,
    from: 'if (checked_add(tensor.offset, tensor.n_bytes, end.c_str()) > header.n_bytes) {',
    to: 'if (checked_add(tensor.offset, tensor.n_bytes, end.c_str()) == 0) {',
  },
  {
    what: 'numbers of a safetensors header need not be counts',
    file: 'quantize/formats/safetensors.ts',
    from: "else if (c === '.' || c === '-'",
    to: "else if (c === 'E' || c === 'E'",
  },
  {
    what: 'a safetensors key may be there twice',
    file: 'quantize/formats/safetensors.ts',
    from: 'if (keys.has(string)) return',
    to: 'if (keys.has(string) && text.length < 0) return',
  },
  {
    what: 'what cannot be looked at is taken for absent',
    file: 'lib/base/files.ts',
    from: 'if (!isAbsence(error)) failIo(path, error)',
    to: 'if (!isAbsence(error) && !path) failIo(path, error)',
  },
]
