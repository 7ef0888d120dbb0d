"""The words that the demo model learns, by their part in a sentence. `known_words()` is all of them."""

NAMES = (
    "Adam Alan Albert Alex Alice Amy Andrew Anna Anthony Arthur Barbara Ben Betty Brian Bruno Carla Carol Caroline Charles Charlotte "
    "Chris Clara Daniel David Diana Dora Edward Elena Elizabeth Ella Emily Emma Eric Eva Felix Fiona Frank Fred George Grace Hannah "
    "Harry Helen Henry Hugo Ian Irene Isaac Ivy Jack Jacob James Jane Jason Jennifer Jim Joan Joe John Julia Karen Kate Kevin Laura "
    "Leo Linda Lisa Louis Lucy Luke Marcus Margaret Maria Mark Martha Martin Mary Max Michael Mike Monica Nancy Nick Nina Nora Oliver "
    "Olivia Oscar Pamela Patrick Paul Paula Peter Philip Rachel Rebecca Richard Robert Roger Rosa Ruth Sam Sandra Sarah Simon Sophie "
    "Stella Stephen Steven Susan Thomas Tim Tina Tom Vera Victor Victoria Vincent Walter William Zoe"
).split()
SURNAMES = (
    "Adams Anderson Bailey Bell Bennett Brooks Campbell Carter Clark Collins Cooper Davis Edwards Evans Foster Gibson Gordon Graham "
    "Hamilton Harris Harrison Hughes Jackson Johnson Kelly Kennedy Lewis Marshall Mason Miller Mitchell Moore Morgan Murphy Nelson "
    "Parker Phillips Reynolds Roberts Robinson Russell Scott Simpson Spencer Stewart Taylor Thompson Turner Walker Watson Wilson"
).split()
PEOPLE = (
    "actor artist athlete aunt author baby baker barber boss boy brother builder butcher captain carpenter child clerk coach colleague "
    "composer cook cousin customer dancer daughter dentist designer detective director doctor driver editor engineer farmer father "
    "fisherman friend gardener gentleman girl grandfather grandmother guard guest guide hunter husband journalist judge king lady lawyer "
    "leader librarian manager mayor mechanic merchant minister mother musician neighbour nephew niece nurse officer painter passenger "
    "patient pilot player plumber poet policeman president priest prince princess professor pupil queen reporter sailor scientist "
    "secretary servant shepherd singer sister soldier son speaker stranger student surgeon tailor teacher tourist traveller uncle visitor "
    "waiter waitress wife winner witness woman worker writer"
).split()
GROUPS = "audience band children class committee company crowd family government neighbours orchestra parents police public students team workers".split()
ANIMALS = (
    "ant bear beaver bee beetle bird bull butterfly camel cat chicken cow crab crocodile crow deer dog dolphin donkey dragon duck eagle "
    "elephant fly fox frog goat goose hamster hare hawk hedgehog hen horse kitten lamb lion lizard lobster monkey mosquito moth mouse "
    "octopus ostrich otter owl panda parrot peacock penguin pig pigeon pony puppy rabbit raven robin rooster seal shark sheep snail snake "
    "sparrow spider squirrel swan tiger toad tortoise turkey turtle whale wolf worm zebra"
).split()
FOODS = (
    "bacon beef beer bread butter cabbage candy celery cereal cheese chocolate cinnamon cocoa coffee corn cream flour fruit garlic ginger "
    "ham honey ice jam juice ketchup lemonade lettuce margarine meat milk mustard oil pasta pastry pepper pizza popcorn pork rice salad "
    "salmon salt sauce sausage seafood soda soup spinach steak sugar syrup tea toast tuna vinegar water wheat wine yogurt"
).split()
FRUITS = (
    "apple apricot banana bean berry biscuit blueberry carrot cherry coconut cookie cucumber egg fig grape hamburger lemon lime mango melon "
    "muffin mushroom nut olive onion orange pancake pea peach peanut pear pineapple plum potato pumpkin raisin raspberry sandwich strawberry "
    "tomato walnut"
).split()
THINGS = (
    "album alarm anchor apron armchair arrow axe backpack bag ball balloon banner barrel basin basket bathtub battery beam bed bell belt "
    "bench bicycle blade blanket blouse boat bolt bone book boot bottle bowl box bracelet branch brick bridge broom brush bucket buckle bulb "
    "bundle bus button cabinet cable cage calendar camera candle cane canoe cap car card carpet cart case castle ceiling chain chair chalk "
    "chart chest chimney clock cloth clue coat coin collar comb compass computer cork couch cradle crane crayon crown cup cupboard curtain "
    "cushion desk diamond diary dictionary dish doll door drawer dress drill drum engine envelope eraser fan faucet feather fence ferry file "
    "flag flashlight flute fork fountain frame freezer funnel furnace garage gate gift glass globe glove guitar hammer hammock handkerchief "
    "handle harp hat headphone helicopter helmet hinge hook horn hose house jacket jar jewel kettle key keyboard kite knife knot ladder lamp "
    "lantern laptop leaf letter lid lighter lock locket log luggage machine magazine magnet map marble mask mat match medal menu microphone "
    "microscope mirror motor motorcycle mug nail napkin necklace needle nest net newspaper notebook oar oven package paddle padlock page "
    "paintbrush painting pan paper parachute parcel passport pen pencil pendulum phone photograph piano picture pillow pin pipe plant plate "
    "plug pocket pole poster pot printer pump puppet purse puzzle quilt racket radio rake razor recorder refrigerator ribbon rifle ring robe "
    "robot rocket roof rope rug ruler saddle sail saw saxophone scale scarf scissors screen screw sculpture sewing sheet shelf shell shield "
    "ship shirt shoe shovel shower shutter sign sink skirt sled slipper soap sock sofa spade speaker spoon sponge spring stamp staple statue "
    "stick stool stove strap string submarine suit suitcase sweater switch sword table tape telephone telescope television tent thread "
    "ticket tie tile tool toothbrush torch towel tower toy tractor trailer train tray treasure tricycle trophy truck trumpet trunk tube "
    "tunnel typewriter umbrella uniform van vase vest video violin wagon wallet watch wheel whip whistle wig window wire wrench yacht zipper"
).split()
MANY = (
    "apples arrows bananas birds books bottles boxes buttons candles chairs children coins cookies cups doctors dogs doors eggs flowers "
    "friends horses houses keys leaves lessons letters lions men messages mice mistakes nails pages people pictures plates questions "
    "rooms sailors sheep ships songs spoons stamps stars steps stones stories students teachers tickets trees windows women words"
).split()
IDEAS = (
    "accident adventure advice answer argument attention beauty birthday business chance change choice comfort competition concert "
    "confidence conversation courage courtesy crime culture curiosity custom danger darkness dream duty education effort energy error "
    "evidence example exercise experience experiment fact faith fame fashion favour fear fortune freedom friendship fun future game goal "
    "grammar grief growth guilt habit happiness harmony hatred health heat history hobby holiday honesty honour hope humour hunger idea "
    "illness imagination income information interest invention jealousy job journey joke joy justice kindness knowledge language laughter law "
    "lesson liberty life logic loss love luck magic marriage meaning medicine meeting memory mercy message method mind miracle mission "
    "mistake moment money mood movement movie music mystery nature news noise opinion opportunity pain patience peace permission plan "
    "pleasure poem poetry politics poverty power practice prayer price pride problem profit progress project promise proof protest "
    "purpose quality question reason recipe respect result reward rhythm riddle risk rule rumour safety science secret sense service "
    "shadow shame signal silence skill sleep smell smile song soul sound speech sport story strength struggle subject success summary "
    "surprise talent task taste tax technology temper test text theory thirst thought title topic touch tradition traffic tragedy training "
    "travel treatment trial trick trouble trust truth value victory view violence vision voice vote wealth weather wedding wisdom wish wonder word "
    "work world"
).split()
COLOURS = "black blue bronze brown crimson golden gray green orange pink purple red scarlet silver turquoise violet white yellow".split()
QUALITIES = (
    "ancient annoying awful awkward beautiful bitter blank blunt bright brilliant broad broken burnt careful cheap clean clear clever cold "
    "common complete complex cool correct costly crooked crowded curious curly damp dangerous dead deep delicate delicious different "
    "difficult dirty dry dull dusty early easy elegant empty enormous equal exact excellent exciting expensive extra fair faint false famous "
    "fancy fast fat fine firm flat fragile free fresh friendly frozen full funny gentle genuine giant good graceful grand great handsome "
    "hard harsh healthy heavy hidden hollow honest horrible hot huge humble important impossible innocent interesting large lazy light "
    "little lonely long loose loud lovely magic marvellous massive mild modern muddy mysterious naked narrow natural neat new nice noble "
    "noisy normal odd old open ordinary pale peculiar perfect plain pleasant polite poor popular possible powerful precious pretty private "
    "proper pure quick quiet rare raw real remarkable rich ripe rotten rough round royal rude rusty sacred safe salty scary secret sensible "
    "separate serious shallow sharp shiny short silent silly simple sleepy slender slim slippery slow small smart smooth soft solid sour "
    "special spicy splendid square steady steep sticky stiff strange strict strong stupid sudden sunny superb sweet swift tall tame "
    "tasty tender terrible thick thin tidy tight tiny tough true typical ugly unique unusual useful useless usual valuable vast violent "
    "visible vivid warm weak wealthy weird wet wide wild wise wonderful wooden wrong young"
).split()
FEELINGS = (
    "afraid alone amazed angry anxious ashamed awake bored brave busy calm careless certain cheerful confident confused content crazy cruel "
    "delighted disappointed eager excited glad grateful greedy guilty happy hungry ill jealous kind late lost lucky mad miserable nervous "
    "patient pleased proud puzzled ready relaxed sad satisfied scared shocked shy sick sleepless sorry sure surprised thirsty tired "
    "upset weary welcome well worried"
).split()
WEATHER = "breezy chilly clear cloudy cold cool dark dry foggy freezing frosty hot icy misty rainy snowy stormy sunny warm wet windy".split()
VERBS = {  # of things: how it is said of now, and of yesterday
    word.split("/")[0]: word.split("/")[1]
    for word in (
        "accept/accepted add/added admire/admired arrange/arranged ask/asked attack/attacked avoid/avoided bake/baked bend/bent bite/bit blame/blamed "
        "borrow/borrowed break/broke bring/brought build/built burn/burned bury/buried buy/bought call/called carry/carried catch/caught "
        "change/changed chase/chased check/checked choose/chose clean/cleaned climb/climbed close/closed collect/collected compare/compared "
        "copy/copied count/counted cover/covered cross/crossed cut/cut damage/damaged decorate/decorated deliver/delivered describe/described "
        "destroy/destroyed discover/discovered divide/divided drag/dragged draw/drew drive/drove drop/dropped empty/emptied enjoy/enjoyed "
        "examine/examined explain/explained explore/explored fetch/fetched fill/filled find/found finish/finished fix/fixed fold/folded follow/followed "
        "forget/forgot gather/gathered give/gave grab/grabbed guess/guessed guard/guarded hate/hated hear/heard hide/hid hit/hit hold/held hurt/hurt "
        "ignore/ignored improve/improved inspect/inspected invent/invented join/joined keep/kept kick/kicked kiss/kissed know/knew learn/learned "
        "leave/left lend/lent lift/lifted like/liked lose/lost love/loved lower/lowered make/made mend/mended mention/mentioned mix/mixed "
        "move/moved need/needed notice/noticed obey/obeyed offer/offered order/ordered own/owned pack/packed paint/painted pass/passed "
        "pick/picked plan/planned polish/polished prefer/preferred prepare/prepared press/pressed protect/protected pull/pulled punish/punished "
        "push/pushed raise/raised reach/reached read/read receive/received record/recorded refuse/refused remember/remembered remove/removed "
        "rent/rented repair/repaired repeat/repeated replace/replaced rescue/rescued return/returned ride/rode ring/rang roll/rolled ruin/ruined "
        "save/saved scratch/scratched search/searched see/saw sell/sold send/sent serve/served shake/shook share/shared shoot/shot show/showed "
        "shut/shut smell/smelled spill/spilled spoil/spoiled steal/stole stop/stopped study/studied support/supported take/took "
        "taste/tasted teach/taught tear/tore test/tested thank/thanked throw/threw tie/tied touch/touched trade/traded translate/translated trust/trusted "
        "turn/turned understand/understood use/used visit/visited want/wanted warn/warned wash/washed waste/wasted watch/watched wear/wore weigh/weighed win/won "
        "wrap/wrapped write/wrote"
    ).split()
}
MOVES = {
    word.split("/")[0]: word.split("/")[1]
    for word in (
        "come/came crawl/crawled dance/danced drift/drifted fall/fell float/floated fly/flew go/went gallop/galloped hurry/hurried jump/jumped "
        "leap/leaped march/marched run/ran rush/rushed sail/sailed skip/skipped slide/slid stroll/strolled swim/swam travel/travelled walk/walked wander/wandered"
    ).split()
}
ACTS = {
    word.split("/")[0]: word.split("/")[1]
    for word in (
        "agree/agreed answer/answered appear/appeared argue/argued arrive/arrived begin/began breathe/breathed complain/complained cough/coughed cry/cried "
        "disappear/disappeared disagree/disagreed dream/dreamed drink/drank eat/ate faint/fainted fight/fought hesitate/hesitated laugh/laughed listen/listened "
        "pray/prayed relax/relaxed rest/rested sing/sang sit/sat sleep/slept smile/smiled sneeze/sneezed speak/spoke stand/stood stay/stayed "
        "succeed/succeeded suffer/suffered talk/talked tremble/trembled wait/waited wake/woke weep/wept whisper/whispered work/worked yawn/yawned"
    ).split()
}
SAYS = "admitted announced believed claimed declared decided denied explained heard hoped insisted knew promised replied reported said shouted suggested thought whispered".split()
ADVERBS = (
    "again alone already always angrily badly barely briefly calmly carefully certainly cheerfully clearly closely completely constantly "
    "correctly deeply directly eagerly easily equally exactly extremely faithfully finally firmly frequently freely gently gladly gracefully "
    "gradually happily hardly heavily honestly immediately instantly kindly lately loudly mostly nearly neatly nervously never normally "
    "occasionally often once openly partly patiently perfectly politely poorly possibly probably promptly properly quickly quietly "
    "quite rapidly rarely really recently regularly sadly safely secretly seldom seriously sharply silently simply slowly smoothly softly "
    "sometimes soon still suddenly surely swiftly together tomorrow tonight totally truly usually warmly weakly well wildly wisely"
).split()
ROOMS = (  # where something is
    "airport apartment attic bakery bank barn basement bathroom bedroom cafe camp cathedral cave cellar chapel church cinema city classroom "
    "clinic college corner corridor cottage country court courtyard desert dungeon factory farm field forest garden gallery gym hall harbour hospital hotel "
    "hut inn island jungle kitchen laboratory lake library market meadow mill mine monastery mountain museum nursery ocean office orchard "
    "palace park pharmacy pool port prison pub railway restaurant river school shed shop square stable stadium station store street studio supermarket "
    "swamp temple theatre town university valley village warehouse waterfall yard zoo"
).split()
CITIES = (
    "Africa Alaska America Amsterdam Argentina Asia Athens Australia Austria Berlin Boston Brazil Brussels Cairo California Canada Chicago "
    "Chile China Cuba Dallas Denmark Dublin Edinburgh Egypt England Europe Finland Florida France Geneva Germany Greece Hamburg Hungary "
    "Iceland India Ireland Israel Italy Japan Kenya Lisbon London Madrid Mexico Moscow Munich Naples Norway Oslo Paris Peru Poland "
    "Portugal Prague Rome Russia Scotland Sicily Spain Stockholm Sweden Switzerland Sydney Texas Tokyo Toronto Turkey Venice Vienna Wales Warsaw"
).split()
NEAR = "above across against along around at before behind below beneath beside between beyond by for from in inside near off on opposite outside over past through to toward towards under underneath until up upon with within without".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
PARTS = "afternoon autumn day evening hour minute month morning night season second spring summer week weekend winter year".split()
ONES = "one two three four five six seven eight nine".split()
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth last next".split()
MONEY = "dollars euros pounds cents".split()
UNITS = "seconds minutes hours days weeks months years".split()
DISTANCES = "inches feet yards metres miles steps kilometres".split()
WEIGHTS = "grams kilograms ounces tons litres gallons".split()
BODY = "ankle arm back beard brain cheek chin ear elbow eye face finger foot forehead hair hand head heart knee leg lip mouth neck nose shoulder skin stomach throat thumb toe tongue tooth wrist".split()
EARTH = "air beach cloud coast dust earth fire flame flower fog forest grass hill lightning moon mud planet pond rain rainbow road rock sand sea sky smoke snow star stone storm stream sun thunder tree wave wind wood".split()
FRAME = (  # what holds sentences together
    "a about after ago all breakfast dinner down during into lunch midnight noon almost also although am an and another any anything are aren't as be because been both but can can't could couldn't "
    "dear did didn't do does doesn't don't each either else enough even ever every everybody everyone everything except few good goodbye "
    "had half has have haven't he he's hello her here here's hers him his how however hundred i i'd i'll i'm i've if indeed instead is isn't it it's "
    "its just left least less let's like lot many may maybe me might million mister miss mistress more most much must my myself need neither no nobody none nor not nothing "
    "now of oh okay older on only or other others ought our out perhaps please point rather right same shall she she's should shouldn't since so some somebody "
    "someone something somewhere such than thank thanks that that's the their them then there there's these they they're this those thousand "
    "too twice us very was wasn't we we'll we're we've were what what's when where where's whether which while who who's whole whom whose why will "
    "won't would wouldn't yes yesterday yet you you'll you're you've your yours younger zero"
).split()

LISTS = [
    NAMES, SURNAMES, PEOPLE, GROUPS, ANIMALS, FOODS, FRUITS, THINGS, MANY, IDEAS, COLOURS, QUALITIES, FEELINGS, WEATHER, list(VERBS), list(VERBS.values()),
    list(MOVES), list(MOVES.values()), list(ACTS), list(ACTS.values()), SAYS, ADVERBS, ROOMS, CITIES, NEAR, DAYS, MONTHS, PARTS, ONES, TEENS, TENS, ORDINALS,
    MONEY, UNITS, DISTANCES, WEIGHTS, BODY, EARTH, FRAME,
]  # fmt: skip


def known_words():
    return sorted({word.lower() for words in LISTS for word in words})
