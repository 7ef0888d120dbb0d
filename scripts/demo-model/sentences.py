"""Everyday sentences made by a small grammar, and their near misses.

    python sentences.py 10        # prints ten of them

Everything is drawn from a random.Random that the caller seeds: the same seed gives the same sentences anywhere. Numbers, times and
sums of money are written as the `english` normaliser writes them, so that a reader's digits become words that were learned.
"""

import functools
import random
import re
import sys

from words import (
    ACTS, ADVERBS, ANIMALS, BODY, CITIES, COLOURS, DAYS, DISTANCES, EARTH, FEELINGS, FOODS, FRUITS, GROUPS, IDEAS, MANY, MONEY, MONTHS, MOVES, NAMES, ONES,
    ORDINALS, PARTS, PEOPLE, QUALITIES, ROOMS, SAYS, SURNAMES, TEENS, TENS, THINGS, UNITS, VERBS, WEATHER, WEIGHTS, known_words,
)  # fmt: skip


WORD = "[a-z']+"
NUMERALS = "percent o'clock quarter past p m point".split()


@functools.cache
def by_length(words):
    return sorted(words, key=len)


def pick(rng, words):
    """One of some words, the short ones far more often than the long ones, as in any language: half of what is said is made of few words, and they are
    learned well. The probability of the word at place i falls as 1 / i."""
    words = by_length(tuple(words))
    return words[int((len(words) + 1) ** rng.random()) - 1]


def below_hundred(rng):
    kind = rng.randrange(4)
    if kind < 2:
        return rng.choice(ONES[1:] + TEENS)
    ten = rng.choice(TENS)
    return ten if kind == 2 else f"{ten}-{rng.choice(ONES)}"


def number(rng):
    kind = rng.randrange(12)
    if kind < 8:
        return below_hundred(rng)
    rest = below_hundred(rng)
    if kind < 10:
        return rng.choice([f"{rng.choice(ONES)} hundred {rest}", f"{rng.choice(ONES)} hundred", "a hundred"])
    if kind == 10:
        return rng.choice([f"{rest} thousand", f"{rng.choice(ONES)} thousand, {rng.choice(ONES)} hundred {below_hundred(rng)}", "a million"])
    return f"{rng.choice(['zero', *ONES])} point {rng.choice(ONES)}"


def year(rng):
    century = rng.choice(["seventeen", "eighteen", "nineteen", "nineteen", "twenty"])
    rest = rng.choice([f"{rng.choice(TENS)}-{rng.choice(ONES)}", rng.choice(TENS), rng.choice(TEENS)])
    return rng.choice([f"{century} {rest}", f"{century} {rest}", "two thousand"])


def clock(rng):
    hour = rng.choice(ONES + TEENS[:3])
    minutes = rng.choice(["fifteen", "thirty", "forty-five", "ten", "twenty", f"{rng.choice(TENS[:4])}-{rng.choice(ONES)}"])
    forms = [f"{hour} o'clock", f"half past {hour}", f"a quarter to {hour}", f"{hour} {minutes}", f"{hour} {minutes} {rng.choice('ap')} m"]
    return rng.choice(forms)


def money(rng):
    sum_ = f"{below_hundred(rng)} {rng.choice(MONEY[:3])}"
    return rng.choice([sum_, sum_, f"{sum_}, {below_hundred(rng)} cents"])


def with_article(noun):
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def thing(rng):
    noun = pick(rng, rng.choice([THINGS, THINGS, THINGS, FRUITS, ANIMALS, BODY, EARTH]))
    if rng.randrange(2):
        noun = f"{pick(rng, rng.choice([COLOURS, QUALITIES, QUALITIES]))} {noun}"
    owner = rng.choice(["the", "the", "the", "my", "your", "his", "her", "our", "their", "this", "that", "every", "another", "some", "no", "a", "a"])
    return with_article(noun) if owner == "a" else f"{owner} {noun}"


def person(rng):
    kind = rng.randrange(10)
    if kind < 3:
        return pick(rng, NAMES)
    if kind == 3:
        return f"{rng.choice(['mister', 'miss', 'doctor'])} {pick(rng, SURNAMES)}"
    if kind == 4:
        return f"{pick(rng, NAMES)} {pick(rng, SURNAMES)}"
    if kind == 5:
        return rng.choice(["he", "she", "somebody", "everybody", "nobody", "someone"])
    if kind == 6:
        return f"the {pick(rng, GROUPS)}"
    noun = pick(rng, PEOPLE)
    if rng.randrange(3) == 0:
        noun = f"{pick(rng, rng.choice([QUALITIES, FEELINGS]))} {noun}"
    owner = rng.choice(["the", "the", "my", "your", "our", "her", "his", "a"])
    return with_article(noun) if owner == "a" else f"{owner} {noun}"


def place(rng):
    kind = rng.randrange(6)
    if kind == 0:
        return f"in {pick(rng, CITIES)}"
    near = rng.choice("in in in at near behind outside inside beside under opposite above below across around before between beyond past within".split())
    if near == "between":
        return f"between the {pick(rng, ROOMS)} and the {pick(rng, ROOMS)}"
    return f"{near} the {pick(rng, ROOMS if kind < 5 else EARTH)}"


def towards(rng):
    if rng.randrange(4) == 0:
        return f"to {pick(rng, CITIES)}"
    way = rng.choice("to to to into through towards across along around past over from up down".split())
    return f"{way} the {pick(rng, ROOMS if rng.randrange(4) else EARTH)}"


def when(rng):
    return rng.choice(
        [
            lambda: rng.choice(
                ["yesterday", "today", "last night", "this evening", "tomorrow", "every day", "at noon", "at midnight", "tonight", "once", "now"]
            ),
            lambda: f"on {rng.choice(DAYS)}",
            lambda: f"in {rng.choice(MONTHS)}",
            lambda: f"{rng.choice(['last', 'next', 'every', 'this'])} {rng.choice(PARTS + DAYS)}",
            lambda: f"in the {rng.choice(['morning', 'afternoon', 'evening', 'summer', 'winter', 'autumn', 'spring'])}",
            lambda: f"at {clock(rng)}",
            lambda: f"in {year(rng)}",
            lambda: f"{number(rng)} {rng.choice(UNITS)} ago",
            lambda: f"{rng.choice(['before', 'after', 'during', 'until'])} {rng.choice(['lunch', 'dinner', 'breakfast', 'the ' + pick(rng, IDEAS)])}",
            lambda: f"on the {rng.choice(ORDINALS[:12])} of {rng.choice(MONTHS)}",
        ]
    )()


NO_PARTICIPLES = (
    "bit broke chose drew drove forgot gave hid knew rode rang saw shook stole took tore threw wore wrote".split()
)  # pasts that do not follow "have"
WORDS = []  # filled below: all of known_words() and of the templates
SLOTS = {
    "person": person,
    "thing": thing,
    "place": place,
    "towards": towards,
    "when": when,
    "number": number,
    "money": money,
    "clock": clock,
    "year": year,
    "did": list(VERBS.values()),
    "do": list(VERBS),
    "done": [past for past in VERBS.values() if past not in NO_PARTICIPLES],
    "went": list(MOVES.values()),
    "go": list(MOVES),
    "acted": list(ACTS.values()),
    "act": list(ACTS),
    "says": SAYS,
    "name": NAMES,
    "city": CITIES,
    "room": ROOMS,
    "many": MANY,
    "animal": ANIMALS,
    "food": FOODS,
    "fruit": FRUITS,
    "body": BODY,
    "earth": EARTH,
    "idea": IDEAS,
    "colour": COLOURS,
    "quality": QUALITIES,
    "feeling": FEELINGS,
    "weather": WEATHER,
    "adverb": ADVERBS,
    "day": DAYS,
    "month": MONTHS,
    "unit": UNITS,
    "distance": DISTANCES,
    "weight": WEIGHTS,
    "ordinal": ORDINALS,
    "word": WORDS,
    "people": PEOPLE,
    "object": THINGS,
}

TEMPLATES = """
{person} {did} {thing} {place}
{person} {did} {thing} {when}
{person} {adverb} {did} {thing}
{person} {did} {thing} and {thing}
{person} {acted} {place} {when}
{person} {acted} {adverb} and {went} {towards}
{person} and {name} {went} {towards}
{when}, {person} {went} {towards}
{when}, {person} {did} {thing}
{person} {went} {adverb} {towards}
there are {number} {many} {place}
there was {thing} {place}, but nobody {did} it
{person} {did} {number} {many} {when}
{thing} costs {money}
it takes {number} {unit} to {do} {thing}
the {room} is {number} {distance} from the {room}
the {object} weighs {number} {weight}
please {do} {thing} {when}
please {do} the {quality} {object} {place}
can you {do} {thing} for {person}?
could {name} and {name} {do} {thing} together?
where did {person} {do} {thing}?
when will {person} {go} {towards}?
why is {thing} so {quality}?
who {did} {thing} {when}?
what did {person} {do} {place}?
how many {many} did {name} {do}?
is {thing} {quality} or {quality}?
are you {feeling}, {name}?
{thing} was {quality} and {colour}
{thing} was too {quality} for {person}
{thing} is more {quality} than {thing}
{person} was {feeling} {when}
{name} and {name} are {feeling} and {feeling}
it was {weather} and {weather} {place}
it will be {weather} {when}
the {animal} slept {place} {when}
the {colour} {animal} {went} {towards}
I would like some {food} and {food}
we had {food} with {food} {when}
{person} doesn't like {food} or {food}
{name} {says} that {person} was {feeling}
{name} {says} it was {weather} {when}
they {went} {towards} {adverb}
hello {name}, {thing} is {place}
good morning {name}, are you {feeling}?
good evening, {name}, how was your {idea}?
goodbye {name}, and thank you for the {object}
the number is {number}, not {number}
my friend {name} is {number} years old
she will {do} {thing} {when}
he couldn't {do} {thing} {adverb}
if {person} {did} {thing}, {name} would {act}
although it was {weather}, {person} {went} {towards}
{person} {did} {thing}, because it was {quality}
{name}, {name} and {name} {acted} {when}
{idea} is more {quality} than {idea}
the {idea} of {idea} is {quality}
there is no {idea} without {idea}
we all need {idea}, {idea} and {idea}
I've never {done} such {quality} {food}
you shouldn't {do} {thing} {place}
they were born in {year}
the train to {city} leaves at {clock}
the {ordinal} {people} {acted}, the {ordinal} {acted} too
{number} percent of the {many} are {quality}
yes, {person} can {do} it {adverb}
no, I didn't {do} {thing}
well, {person} might {act} {when}
perhaps {person} will {do} {thing}, perhaps not
{person} hurt {thing} and had to {act}
don't {do} {thing}, {do} {thing} instead
let's {do} {thing} and {act} {place}
what a {quality} {idea}!
{thing} and {thing} are on the {object}
{city} is {quality} in {month}
the {earth} was {quality} and the {earth} was {quality}
his {body} is {quality}, her {body} is {quality}
on {day} we {act}, on {day} we {act}
here's {thing}, and there's {thing} as well
isn't that {thing}? no, it's {thing}
I'll {do} it myself, if you don't mind
I'd rather {act} than {act}
I'm {feeling}, and you're {feeling} too
we've already {done} everything except {thing}
they haven't {done} anything yet
he's {quality}, but she's {quality}
whose {object} is this, mine or yours?
either {person} or {person} must {act}
neither {name} nor {name} has been {place}
do you know which {object} is hers?
does {person} ever {act} {when}?
each of us should {do} both {many} and {many}
few {many} are as {quality} as these
some of them were {feeling}, others weren't
however, {person} wouldn't {act} for {number} {unit}
what's {place}? who's there? maybe {name}
we'll {act} until you've {done} {thing}
oh dear, I can't {do} {thing} any more
let me {do} it, just once, while they {act}
is there anything else {place}? nothing at all
since {year} almost nobody has {done} such {idea}
give him and me at least half of the {food}
you'll {do} enough of it, so thanks a lot
the {object} about which we {acted} is its own {idea}
do {do} another one, even if it isn't {quality}
among {many} there are often {many}, indeed
it's {number}, it's not {number} or {number}
hello world, this is a small {idea} of {idea}
thank you very much for listening, it was {quality}
a voice of {quality} {idea} {acted} {place}
today is {day}, the {ordinal} of {month}
it is {clock} in {city} and {clock} in {city}
""".strip().splitlines()  # fmt: skip
LISTS = ["{word} {word} {word}", "{word}, {word}, {word} and {word}", "{word} {word} {word} {word} {word}", "the word is {word}, not {word}", "{word} or {word}, {word} or {word}?"]  # fmt: skip
WORDS += sorted({*known_words(), *NUMERALS, *(word for line in TEMPLATES for word in re.findall("[a-z']+", re.sub(r"\{\w+\}", "", line.lower())))})
LISTS_SHARE, PAIRS_SHARE = 0.25, 0.08  # of sentences that are loose words, so that all words are met alike; of texts of two sentences


def sentence(rng, lists_share=0):
    """One sentence, as a person writes it: a capital first, a mark last. Or, for a share of them, a list of loose words."""
    template = rng.choice(LISTS if rng.random() < lists_share else TEMPLATES)
    text = re.sub(r"\{(\w+)\}", lambda slot: fill(SLOTS[slot[1]], rng), template)
    mark = "" if text[-1] in "?!" else rng.choice("......!")
    return text[0].upper() + text[1:] + mark


def fill(slot, rng):
    if callable(slot):
        return slot(rng)
    return rng.choice(slot) if slot is WORDS else pick(rng, slot)


def passage(rng, lists_share=0):
    return " ".join(sentence(rng, lists_share) for _ in range(2 if rng.random() < PAIRS_SHARE else 1))


def lesson(rng):
    """What is learned from: passages, and lists of words, in which all words are alike."""
    return passage(rng, LISTS_SHARE)


def sentences(count, seed, without=(), draw=sentence):
    """`count` different sentences, none of them in `without`."""
    rng = random.Random(seed)
    seen, found = set(without), []
    while len(found) < count:
        text = draw(rng)
        if text not in seen:
            seen.add(text)
            found.append(text)
    return found


def split(text):
    """Its words, as known_words() spells them."""
    return re.findall(WORD, text.lower())


def near_miss(text, rng, words=WORDS):
    """The text with one word swapped for another, dropped or doubled."""
    body, mark = text[:-1].split(" "), text[-1]
    i = rng.randrange(len(body))
    kind = rng.choice(["swap", "swap", "drop", "double"])
    if kind == "swap":
        body[i] = rng.choice([word for word in words if word != body[i].strip(",.?!").lower()])
    elif kind == "drop" and len(body) > 1:
        del body[i]
    else:
        body.insert(i, body[i])
    return " ".join(body) + mark


def near_misses(text, count, rng):
    """`count` different near misses of a text."""
    found = {}
    while len(found) < count:
        miss = near_miss(text, rng)
        if miss.lower() != text.lower():
            found[miss] = True
    return list(found)


if __name__ == "__main__":
    for text in sentences(int(sys.argv[1]), seed=1, draw=passage):
        print(text)
        print("   ", near_misses(text, 3, random.Random(text)))
