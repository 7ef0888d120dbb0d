"""The decoder's own candidates, and how far each is from the true speech: what the ranker learns its finer taste from."""

import torch
from transformers import DynamicCache

import model as models

INFINITY = float("inf")


@torch.no_grad()
def draw(model, clips, voice_of, tokens, each, temperature, top_p, generator):
    """`each` candidates of every text: lists of int64 codes, by text."""
    head, decoder = model.speech_decoder_model, model.speech_decoder_model.model.decoder
    positions = decoder.position_embeds_layer.weight
    vectors, texts = models.conditioning(model, clips, tokens)
    prefixes = [models.prefix(model, vectors[voice_of[i]], text) for i, text in enumerate(texts) for _ in range(each)]
    length = max(map(len, prefixes))
    inputs = torch.stack([torch.nn.functional.pad(rows, (0, 0, length - len(rows), 0)) for rows in prefixes])  # on the left
    mask = torch.stack([(torch.arange(length) >= length - len(rows)).long() for rows in prefixes])
    cache, live, drawn = DynamicCache(), torch.arange(len(prefixes)), [[] for _ in prefixes]
    zero = torch.zeros(1, 1, dtype=torch.long)
    for step in range(models.MAX_CODES - 1):
        hidden = decoder(inputs_embeds=inputs - positions[0], position_ids=zero, attention_mask=mask, past_key_values=cache, use_cache=True)
        codes = pick(head.lm_head(head.final_norm(hidden.last_hidden_state[:, -1])), temperature, top_p, generator)
        going = codes != models.EOS
        for row, code in zip(live[going].tolist(), codes[going].tolist()):
            drawn[row].append(code)
        if not going.any():
            break
        if not going.all():
            live, codes, mask = live[going], codes[going], mask[going]
            cache.batch_select_indices(going.nonzero()[:, 0])
        inputs = (decoder.input_embeds_layer(codes) + positions[step + 2])[:, None]
        mask = torch.cat([mask, torch.ones(len(mask), 1, dtype=torch.long)], dim=1)
    rows = [torch.tensor(row, dtype=torch.long) for row in drawn]
    return [rows[i : i + each] for i in range(0, len(rows), each)]


def pick(logits, temperature, top_p, generator):
    """One code of each row; never mel start."""
    logits[:, models.BOS] = -INFINITY
    sorted_logits, order = (logits / temperature).sort(descending=True)
    shares = sorted_logits.softmax(-1)
    sorted_logits[shares.cumsum(-1) - shares > top_p] = -INFINITY
    return order.gather(1, torch.multinomial(sorted_logits.softmax(-1), 1, generator=generator))[:, 0]


def dtw(a, others):
    """Distances [n] of log mel `a` [frames, 80] to each of `others`: root mean square over mel channels along the cheapest
    alignment, where a diagonal step counts twice (Sakoe and Chiba's symmetric form), divided by both lengths together."""
    lengths = torch.tensor([len(other) for other in others])
    costs = torch.cdist(torch.nn.utils.rnn.pad_sequence(others, batch_first=True), a[None]) / a.shape[1] ** 0.5  # [n, other, a]
    n, rows, columns = costs.shape
    # Anti-diagonals: best[i] of diagonal d is the cheapest way to (i, d - i).
    before, last = torch.full((n, rows + 1), INFINITY), torch.full((n, rows + 1), INFINITY)
    found = torch.empty(n)
    for d in range(rows + columns - 1):
        i = torch.arange(max(0, d - columns + 1), min(d, rows - 1) + 1)
        cost = costs[:, i, d - i]
        best = torch.full_like(last, INFINITY)
        if d == 0:
            best[:, 1] = 2 * cost[:, 0]
        else:
            straight = torch.minimum(last[:, i], last[:, i + 1]) + cost
            best[:, i + 1] = torch.minimum(straight, before[:, i] + 2 * cost)
        before, last = last, best
        row = d - columns + 1  # of the last column on this diagonal
        if row >= 0:
            ending = lengths == row + 1
            found[ending] = last[ending, row + 1]
    return found / (lengths + columns)
