"""Where words are: in the tokens of a text, and in the codes of its speech."""

import itertools
import re

from sentences import WORD
from vocabulary import SPACE


def words_in(names, ids):
    """Of each word of a text: itself, its first token and the one behind its last. `names` are all tokens."""
    pieces = [" " if i == SPACE else names[i] for i in ids]
    starts = {start: i for i, start in enumerate(itertools.accumulate(map(len, pieces), initial=0))}
    return [(word[0], starts[word.start()], starts[word.end()]) for word in re.finditer(WORD, "".join(pieces))]


def words_begun(names, ids, places):
    """For each token of a text the place of the word that begins there, or 0."""
    found = [0] * len(ids)
    for word, first, _ in words_in(names, ids):
        found[first] = places[word]
    return found


def words_heard(words, heard):
    """Of each word in a row of a corpus's `heard`: itself, its first code and the one behind its last."""
    found, begin = [], 0
    places = [place if place <= len(words) else place - len(words) for place in heard]
    for i in range(1, len(heard) + 1):
        if i == len(heard) or heard[i] > len(words) or places[i] != places[begin]:
            if places[begin]:
                found.append((words[places[begin] - 1], begin, i))
            begin = i
    return found


def spoken_tokens(names, ids, words, heard):
    """(code, first token, the one behind the last) for each code at which a word is heard."""
    written, found, place = words_in(names, ids), [], 0
    for word, begin, end in words_heard(words, heard):
        here = next((i for i in range(place, len(written)) if written[i][0] == word), None)
        if here is None:
            continue
        found += [(code, *written[here][1:]) for code in range(begin, end)]
        place = here + 1
    return found
