"""Everyday sentences of a few hundred words, made by a small grammar, and their near misses.

    python sentences.py 10        # prints ten of them

Everything is drawn from a random.Random that the caller seeds: the same seed gives the same sentences anywhere.
"""

import random
import sys

NAMES = (
    "Anna Ben Carla Daniel Emma Frank Grace Henry Ivy Jack Kate Leo Maria Nina Oscar Paul Rosa Sam Tina Victor Alice Bruno Clara "
    "David Ella George Helen Julia Martin Peter"
).split()
PEOPLE = (
    "my mother,my father,my sister,my brother,the teacher,the doctor,the farmer,the baker,our neighbour,the captain,the driver,"
    "a young man,an old woman,the little girl,the tall boy,her uncle,his aunt,the painter,a friend of mine,the whole family"
).split(",")
NUMBERS = (
    "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty seventy ninety"
).split() + ["a hundred", "twenty five", "thirty two", "forty one", "sixty eight", "two hundred"]
COLOURS = "red blue green yellow white black brown silver golden purple".split()
QUALITIES = "old new small large heavy broken empty beautiful cheap clean strange wooden warm cold quiet narrow".split()
THINGS = (
    "table chair lamp book letter box bottle basket clock picture window door key coat hat shirt shoe bag boat bicycle car train "
    "ticket map camera phone radio piano guitar drum garden house bridge tower fence ladder hammer knife spoon plate cup blanket "
    "pillow mirror candle flower tree apple orange lemon cake sandwich"
).split()
MANY = "apples eggs books letters boxes bottles tickets chairs candles flowers pictures oranges horses sheep birds cups keys stamps".split()
ANIMALS = "dog cat horse bird rabbit mouse cow duck fox".split()
FOODS = "bread cheese soup rice fish butter honey coffee tea milk water juice pepper sugar".split()
DID = (
    "found lost bought sold painted carried opened closed cleaned repaired moved wanted kept forgot saw took dropped hid borrowed "
    "washed covered watched"
).split()
DO = "find buy sell paint carry open close clean repair move keep see take hide borrow wash cover watch bring".split()
WENT = "walked,ran,drove,travelled,went,came,hurried,climbed".split(",")
PLACES = (
    "in the kitchen,at the market,on the hill,near the river,behind the house,under the bridge,at the station,in the forest,by the lake,"
    "in the village,across the street,next to the school,at the hospital,in the library,on the roof,inside the barn,at the harbour"
).split(",")
TOWARDS = (
    "to the market,to the beach,to the city,to the station,up the mountain,across the field,through the forest,along the river,"
    "into the garden,around the lake,over the bridge,past the church"
).split(",")
TIMES = (
    "in the morning,yesterday,last night,this evening,on Monday,on Friday,before lunch,after dinner,in the summer,in winter,every day,"
    "last week,at noon,at midnight,on Sunday,in the afternoon,in April,in October,two years ago"
).split(",")
WEATHER = "cold warm windy cloudy sunny wet dark foggy".split()
FEELINGS = "happy tired hungry angry thirsty busy late ready sick proud afraid lucky".split()
ADVERBS = "slowly quickly quietly again together alone carefully early late often".split()
SAYS = "said thought knew believed heard hoped".split()
MONEY = "dollars euros pounds cents".split()
UNITS = "minutes hours days weeks months years".split()
DISTANCES = "miles steps metres yards".split()


def thing(pick):
    noun = pick(THINGS)
    if pick(range(2)):
        noun = f"{pick(COLOURS + QUALITIES)} {noun}"
    owner = pick(["the", "the", "my", "your", "his", "her", "our", "this", "that", "a"])
    if owner == "a" and noun[0] in "aeiou":
        owner = "an"
    return f"{owner} {noun}"


def two(pick, words):
    first = pick(words)
    return f"{first} and {pick([word for word in words if word != first])}"


def person(pick):
    return pick(NAMES) if pick(range(3)) else pick(PEOPLE)


TEMPLATES = [
    lambda p: f"{person(p)} {p(DID)} {thing(p)} {p(PLACES)}",
    lambda p: f"{person(p)} {p(DID)} {thing(p)} {p(TIMES)}",
    lambda p: f"{person(p)} {p(DID)} {thing(p)} and {thing(p)}",
    lambda p: f"{person(p)} and {p(NAMES)} {p(WENT)} {p(TOWARDS)}",
    lambda p: f"{p(TIMES)} {person(p)} {p(WENT)} {p(TOWARDS)}",
    lambda p: f"{person(p)} {p(WENT)} {p(ADVERBS)} {p(TOWARDS)}",
    lambda p: f"there are {p(NUMBERS)} {p(MANY)} {p(PLACES)}",
    lambda p: f"{person(p)} {p(DID)} {p(NUMBERS)} {p(MANY)} {p(TIMES)}",
    lambda p: f"{thing(p)} costs {p(NUMBERS)} {p(MONEY)}",
    lambda p: f"it takes {p(NUMBERS)} {p(UNITS)} to {p(DO)} {thing(p)}",
    lambda p: f"the {p(ANIMALS)} is {p(NUMBERS)} {p(DISTANCES)} from {thing(p)}",
    lambda p: f"please {p(DO)} {thing(p)} {p(TIMES)}",
    lambda p: f"please {p(DO)} the {p(COLOURS)} {p(THINGS)} {p(PLACES)}",
    lambda p: f"can you {p(DO)} {thing(p)} for {person(p)}?",
    lambda p: f"where did {person(p)} {p(DO)} {thing(p)}?",
    lambda p: f"why is {thing(p)} so {p(QUALITIES)}?",
    lambda p: f"{thing(p)} was {p(QUALITIES)} and {p(COLOURS)}",
    lambda p: f"{person(p)} was {p(FEELINGS)} {p(TIMES)}",
    lambda p: f"{person(p)} and {p(NAMES)} are {two(p, FEELINGS)}",
    lambda p: f"it was {two(p, WEATHER)} {p(PLACES)}",
    lambda p: f"the {p(ANIMALS)} slept {p(PLACES)} {p(TIMES)}",
    lambda p: f"a {p(COLOURS)} {p(ANIMALS)} {p(WENT)} {p(TOWARDS)}",
    lambda p: f"I would like some {two(p, FOODS)}",
    lambda p: f"we had {p(FOODS)} with {p(FOODS)} {p(TIMES)}",
    lambda p: f"{person(p)} does not like {p(FOODS)} or {p(FOODS)}",
    lambda p: f"{p(NAMES)} {p(SAYS)} that {person(p)} was {p(FEELINGS)}",
    lambda p: f"{p(NAMES)} {p(SAYS)} it was {p(WEATHER)} {p(TIMES)}",
    lambda p: f"they {p(WENT)} {p(TOWARDS)} {p(ADVERBS)}",
    lambda p: f"hello {p(NAMES)}, {thing(p)} is {p(PLACES)}",
    lambda p: f"good morning {p(NAMES)}, are you {p(FEELINGS)}?",
    lambda p: f"the number is {p(NUMBERS)}, not {p(NUMBERS)}",
    lambda p: f"my friend {p(NAMES)} is {p(NUMBERS)} years old",
    lambda p: f"she will {p(DO)} {thing(p)} {p(TIMES)}",
    lambda p: f"he could not {p(DO)} {thing(p)} {p(ADVERBS)}",
]


def sentence(rng):
    """One sentence, as a person writes it: a capital first, a mark last."""
    text = rng.choice(TEMPLATES)(rng.choice)
    mark = "" if text.endswith("?") else "."
    return text[0].upper() + text[1:] + mark


def sentences(count, seed, without=()):
    """`count` different sentences, none of them in `without`."""
    rng = random.Random(seed)
    seen, found = set(without), []
    while len(found) < count:
        text = sentence(rng)
        if text not in seen:
            seen.add(text)
            found.append(text)
    return found


def words_of_grammar():
    lists = [NAMES, COLOURS, QUALITIES, THINGS, MANY, ANIMALS, FOODS, DID, DO, WENT, WEATHER, FEELINGS, ADVERBS, SAYS, MONEY, UNITS, DISTANCES]
    return sorted({word for words in lists for word in words} | set("two three four five six seven eight nine ten eleven twelve".split()))


def near_miss(text, rng, words=words_of_grammar()):
    """The text with one word swapped for another, dropped or doubled."""
    body, mark = text[:-1].split(" "), text[-1]
    i = rng.randrange(len(body))
    kind = rng.choice(["swap", "swap", "drop", "double"])
    if kind == "swap":
        body[i] = rng.choice([word for word in words if word.lower() != body[i].strip(",").lower()])
    elif kind == "drop":
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
    for text in sentences(int(sys.argv[1]), seed=1):
        print(text)
        print("   ", near_misses(text, 3, random.Random(text)))
