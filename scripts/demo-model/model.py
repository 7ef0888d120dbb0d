"""The demo's CLVP: transformers' own classes at small sizes, and how batches go through them."""

import torch
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence
from transformers import ClvpConfig, ClvpDecoderConfig, ClvpEncoderConfig, ClvpModelForConditionalGeneration

import codebook
import vocabulary
from alignment import words_heard
from fast import shorten
from learning import device, exact
from pronunciation import SpokenEmbedding, unstressed
from speech import N_MELS

SILENCE = 0  # the code of silence
BOS, EOS = codebook.SIZE, codebook.SIZE + 1
MAX_CODES, MAX_TOKENS = 200, 128  # of one utterance, of one text
PAD_TO = 16
GUIDED_LAYERS = (1, 2, 3)  # of the decoder
MOST_SILENCE = 20  # codes behind a row of the speech encoder, in training


def padded_length(n):
    """A length that many batches share: a new one costs time and memory in the library below torch."""
    return n + -n % PAD_TO


def padded(rows, value=0):
    """[n, padded_length, ...] of rows."""
    longest = padded_length(max(len(row) for row in rows))
    rows = [F.pad(rows[0], (0, 0) * (rows[0].ndim - 1) + (0, longest - len(rows[0])), value=value), *rows[1:]]
    return pad_sequence(rows, batch_first=True, padding_value=value)


def build(sounds, seed=4):
    """The model, whose embeddings of text begin with the sounds of its tokens: features [n_tokens, n]."""
    encoder = dict(hidden_size=256, intermediate_size=512, projection_dim=128, num_hidden_layers=3, num_attention_heads=4, logit_scale_init_value=2.6592)
    text = ClvpEncoderConfig(**encoder, vocab_size=len(sounds), bos_token_id=len(sounds) - 1, eos_token_id=vocabulary.STOP)
    speech = ClvpEncoderConfig(**encoder, vocab_size=codebook.SIZE)
    decoder = ClvpDecoderConfig(
        vocab_size=codebook.SIZE + 2,
        max_position_embeddings=MAX_CODES + MAX_TOKENS + 4,
        max_text_tokens=MAX_TOKENS,
        hidden_size=256,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_mel_attn_blocks=2,
        feature_size=N_MELS,
        bos_token_id=BOS,
        eos_token_id=EOS,
        decoder_fixing_codes=[SILENCE] * 4,
    )
    config = ClvpConfig(text_config=text.to_dict(), speech_config=speech.to_dict(), decoder_config=decoder.to_dict(), projection_dim=128)
    torch.manual_seed(seed)
    model = shorten(ClvpModelForConditionalGeneration(config))
    for owner, name in embeddings(model):
        setattr(owner, name, SpokenEmbedding(sounds, encoder["hidden_size"]))
    for attention in guided(model):
        attention.is_guided = True
    return model


def embeddings(model):
    """Where the embeddings of text are: of the decoder's, and of the ranker's."""
    return [(model.conditioning_encoder, "text_token_embedding"), (model.text_encoder_model, "token_embedding")]


def fold_sounds(model):
    """Makes ordinary embeddings of those of text."""
    for owner, name in embeddings(model):
        setattr(owner, name, getattr(owner, name).plain())


# --- decoder ----------------------------------------------------------------------------------------------------


def conditioning(model, clips, tokens):
    """The vectors of clips [n, 80, frames] -> [n, d], and the rows of texts, each [its length + 3, d]."""
    encoder = model.conditioning_encoder
    filler = torch.zeros(len(clips), 1, dtype=torch.long)
    vectors = encoder(input_features=clips, input_ids=filler)[:, 0]
    if not tokens:
        return vectors, []
    table = encoder.text_token_embedding
    start, stop = torch.tensor([table.num_embeddings - 1]), torch.tensor([vocabulary.STOP])
    framed = [torch.cat([start, ids, stop, stop]) for ids in tokens]  # as generate() does
    rows = table(torch.cat(framed)).split([len(ids) for ids in framed])
    return vectors, [row + encoder.text_position_embedding.weight[: len(row)] for row in rows]


def prefix(model, vector, text):
    """Decoder inputs [len(text) + 2, d] of [voice | text | mel start]. Positions `trained`: only the start has one, the first."""
    decoder = model.speech_decoder_model.model.decoder
    start = decoder.input_embeds_layer.weight[BOS] + decoder.position_embeds_layer.weight[0]
    return torch.cat([vector[None], text, start[None]])


def decoder_rows(tokens, codes):
    """Of an utterance: [voice | start, text, stop, stop | mel start | codes]."""
    return 1 + len(tokens) + 3 + 1 + len(codes)


def decoder_states(model, vectors, texts, codes):
    """For each utterance the normed states [its codes + 1, d] that predict its codes and their end: state i predicts code i. tortoise's latents are
    all but the last of them."""
    decoder = model.speech_decoder_model.model.decoder
    positions = decoder.position_embeds_layer.weight
    rows, starts = [], []
    for vector, text, row in zip(vectors, texts, codes):
        before = prefix(model, vector, text)
        spoken = decoder.input_embeds_layer(row) + positions[1 : len(row) + 1]  # as in tortoise's training
        rows.append(torch.cat([before, spoken]))
        starts.append(len(before) - 1)
    inputs = padded(rows)
    # The decoder adds position 0 to every row: taken away here, as prefix() and `spoken` already have their own.
    hidden = decoder(inputs_embeds=inputs - positions[0], position_ids=torch.zeros(1, 1, dtype=torch.long)).last_hidden_state
    return [model.speech_decoder_model.final_norm(each[start : start + len(row) + 1]) for each, start, row in zip(hidden, starts, codes)]


def decoder_loss(model, clips, voice_of, tokens, codes):
    """Mean next-code cross-entropy in nats of utterances: voice_of[i] indexes the clips [n, 80, frames]."""
    vectors, texts = conditioning(model, clips, tokens)
    states = decoder_states(model, vectors[voice_of], texts, codes)
    targets = torch.cat([torch.cat([row, torch.tensor([EOS])]) for row in codes])
    return F.cross_entropy(model.speech_decoder_model.lm_head(torch.cat(states)), targets)


def guided(model):
    """The attentions of the decoder, one head of which is shown where to look."""
    return [model.speech_decoder_model.model.decoder.layers[i].attn for i in GUIDED_LAYERS]


def guidance_loss(model, tokens, spoken):
    """How much of their attention the guided heads miss, of the decoder's last call: -log of the share that the word which is spoken next has, by
    the tokens of each text and what spoken_tokens() finds."""
    where = []
    for row, (ids, each) in enumerate(zip(tokens, spoken)):
        first = 2 + len(ids) + 2  # behind the voice, the start, the text and two stops stands the mel start, which draws the first code
        where += [(row, first + code, 1 + begin, 1 + end) for code, begin, end in each]
    rows, at, before, last = torch.tensor(where).T
    sums = [attention.shares.float().cumsum(-1) for attention in guided(model)]
    return sum(-(each[rows, at, last] - each[rows, at, before] + 1e-4).log().mean() for each in sums) / len(sums)


# --- ranker -----------------------------------------------------------------------------------------------------


def encode(encoder, rows):
    """Hidden states [n, length, d_hidden], their projections [n, length, d], and L2-normalised embeddings [n, d] of rows of ids, each pooled over its
    own length: as if it were alone."""
    lengths = torch.tensor([len(row) for row in rows])
    ids = padded(rows)
    mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    hidden = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    with exact():  # what tells near misses apart is finer than bfloat16
        projected = encoder.projection(hidden.float()) * mask[..., None]
        return hidden, projected, F.normalize(projected.sum(1) / lengths[:, None], dim=-1)


def framed(ids):
    """A text's ids as the text encoder has them."""
    return torch.cat([ids, torch.tensor([vocabulary.STOP])])


def pad_silence(rows, rng):
    """With silence behind, of random length: rows are padded with it when candidates are scored together."""
    return [torch.cat([row, torch.full((rng.choice([0, 0, 1, 1, 1, 3, 8, MOST_SILENCE]),), SILENCE)]) for row in rows]


class Teacher(torch.nn.Module):
    """What shows both encoders the words, one by one, and the speech encoder the sounds; thrown away after training.

    Each word has a fixed vector of length 1. The projection of a hidden state is taught to be the vector of the word that begins there, and nothing
    where none begins: an embedding, which is the mean of these, is then the sum of the words' vectors. A word's vector is made of random vectors of
    its pairs of sounds: some hundred of them are few enough for small encoders, which vectors of 2,500 words are not.
    """

    def __init__(self, words, phones, hidden, d, seed=5):
        super().__init__()
        self.words, self.phones = words, [unstressed(row) for row in phones]
        self.places = {word: i + 1 for i, word in enumerate(words)}
        self.names = {name: i + 1 for i, name in enumerate(sorted({phone for row in self.phones for phone in row}))}
        generator = torch.Generator("cpu").manual_seed(seed)
        spelled = [list(zip(["<", *row], [*row, ">"])) for row in self.phones]
        pairs = {pair: i for i, pair in enumerate(sorted({pair for word in spelled for pair in word}))}
        vectors = torch.randn(len(pairs), d, generator=generator, device="cpu")
        summed = torch.stack([vectors[[pairs[pair] for pair in word]].sum(0) for word in spelled])
        self.vectors = torch.cat([torch.zeros(1, d), F.normalize(summed, dim=-1).to(device())])  # the first: no word
        self.sharpness = torch.nn.Parameter(torch.tensor(8.0))
        self.sounds = torch.nn.Linear(hidden, 1 + len(self.names))  # none, and each sound

    def begun_by(self, codes_heard):
        """Of each code the place of the word that begins there, or 0: of what a corpus says is heard."""
        return (codes_heard - (len(self.vectors) - 1)).clamp(min=0)

    def sounds_of(self, codes_heard):
        """Of each code about which sound is heard, or 0: a word's sounds, spread evenly over its codes. Sounds are fewer than words, and are met at each
        code: they are learned first, and help to learn the words."""
        found = [0] * len(codes_heard)
        for word, begin, end in words_heard(self.words, codes_heard.tolist()):
            if row := self.phones[self.places[word] - 1]:
                found[begin:end] = [self.names[row[len(row) * (2 * j + 1) // (2 * (end - begin))]] for j in range(end - begin)]
        return torch.tensor(found)

    def sounds_loss(self, hidden, goals):
        """Cross-entropy of the sounds at the hidden states [n, length, d_hidden] of codes."""
        at = F.pad(padded(goals), (0, hidden.shape[1]))[:, : hidden.shape[1]]
        return F.cross_entropy(self.sounds(hidden).float().flatten(0, 1), at.flatten())

    def loss(self, projected, goals):
        """Of projected hidden states [n, length, d] and the places of the words that begin there, rows of at most `length`: how far they are from the
        words' vectors, for each word, and the cross-entropy of the words."""
        at = F.pad(padded(goals), (0, projected.shape[1]))[:, : projected.shape[1]]
        apart = (projected - self.vectors[at]).square().sum(-1)
        begun = at > 0
        logits = self.sharpness * projected[begun] @ self.vectors[1:].T
        return apart.sum() / begun.sum() + F.cross_entropy(logits, at[begun] - 1)


def contrastive_loss(scale, texts, speech):
    """CLIP's loss of matching rows; speech (or texts) may have more rows behind, which match nothing."""
    n = min(len(texts), len(speech))
    with exact():
        logits = scale.exp().clamp(max=100) * texts @ speech.T
    own = torch.arange(n)
    return (F.cross_entropy(logits[:n], own) + F.cross_entropy(logits.T[:n], own)) / 2
