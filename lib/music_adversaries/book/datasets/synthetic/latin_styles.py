"""What the ten Latin genres of `synthetic-latin` are: the genres of the Latin Music Database, as plain data.

Genre is defined only here and in `styles`. These tables complete those of `styles`: a name is looked up in
both, and no name is in both. Rhythms are the genres' real ones, in the 4/4 of `notation`; dances in three
(guarania, chamame, rancheira, the tango's waltz) are left out. Genres share sounds as real genres do:
accordions, guitars and voices belong to most of them, brass to five, guira and vanera to two each.

The grooves of salsa, its montunos and its horns all count the son clave from its two-side, so that all parts
agree with the clave. Whether a piece is in 2-3 or in 3-2 depends on where its harmony begins. `composition`
draws this at random; both are about equally frequent.

Paper: Section 2.3. Notebook: book/02_partitions.ipynb
"""

from __future__ import annotations

from .styles import Layer, Style

# Names used in the tabs -> General MIDI percussion keys (the surdos: General MIDI 2). Instruments that General MIDI
# lacks are replaced by similar ones: a tamborim by the high timbale's rim, a timbale's shell and the tambora's stick
# by a side stick, tambora and repique by congas and timbales, the metal guira by a cabasa.
DRUMS = {
    "zabumba": 35,
    "shell": 37,
    "floortom": 41,
    "slap": 62,
    "lowconga": 64,
    "tambora": 64,
    "tamborim": 65,
    "timbale": 65,
    "lowtimbale": 66,
    "repique": 66,
    "agogo": 67,
    "lowagogo": 68,
    "guira": 69,
    "maracas": 70,
    "guiro": 73,
    "longguiro": 74,
    "claves": 75,
    "woodblock": 76,
    "cuica": 78,
    "opencuica": 79,
    "mutetriangle": 80,
    "triangle": 81,
    "mutesurdo": 86,
    "surdo": 87,
}

KITS: dict[str, int] = {}  # percussion sounds the same in every kit of `styles`

GROOVES = {
    # Axe: the blocos' samba-reggae, the afoxes' ijexa, and the fast galope of the carnival lorries.
    "samba-reggae": """
        snare     XooXooXoooXooXoo
        surdo     ....X.......X...
        mutesurdo x.......x.....xx
        repique   ..x.xx....x.xx..
        kick      x.......x.......""",
    "axe pop": """
        hat       x.xxx.xxx.xxx.xx
        snare     ....X.......X..x
        timbale   x..x..x...x..x..
        surdo     ....x.......x...
        kick      X..x....X..x....""",
    "galope": """
        snare     .oXo.oXo.oXo.oXx
        hat       x.x.x.x.x.x.x.x.
        tamb      ..x...x...x...x.
        surdo     ....x.......x...
        kick      X...X...X...X...""",
    "ijexa": """
        agogo     x.x....x.x......
        lowagogo  ....xx.....x.x..
        conga     ...xx......xx.x.
        lowconga  x.......x.......
        shaker    xoxoxoxoxoxoxoxo
        kick      x......xx.......""",
    # Bachata: guira and bongo; straight (derecho), swaying (majao) and the instrumental mambo with the bell.
    "bachata derecho": """
        guira     X.xxX.xxX.xxX.xx
        hibongo   X.o.x.o.X.o.....
        lobongo   ............X.x.
        kick      x.......x.......""",
    "bachata majao": """
        guira     x.x.X.x.x.x.X.x.
        hibongo   x.o.x.o.x.ox....
        lobongo   ....o.......X...
        kick      x...........x...""",
    "bachata mambo": """
        guira     XoxxXoxxXoxxXoxx
        cowbell      X...x.x.X...x.x.
        lobongo   ......x.....X.x.
        kick      x.......x...x...""",
    # Bolero: the bongo's martillo, maracas in quavers, the conga's soft tumbao, and the cinquillo.
    "bolero martillo": """
        maracas   x.xxx.x.x.x.x.x.
        hibongo   X.o.x.o.X.o...o.
        lobongo   ............x...
        conga     ............x.x.""",
    "bolero conga": """
        maracas   x.o.x.o.x.o.x.o.
        slap      ....x...........
        conga     ........x...x.x.
        lowconga  ......x.........
        rim     ....o.......o...""",
    "bolero cinquillo": """
        rim     x.xx.xx.x.x.x.x.
        maracas   x.o.x.o.x.o.x.o.
        conga     ............x.x.
        lowtimbale x.......o.......""",
    "bolero brushes": """
        snare     o.o.x.o.o.o.x.o.
        pedal     ....x.......x...
        maracas   o.x.o.x.o.x.o.x.
        kick      x.......o.......""",
    # Forro: zabumba and triangle; baiao, the lilting xote and the fast arrasta-pe.
    "baiao": """
        mutetriangle xx.xxx.xxx.xxx.x
        triangle  ..x...x...x...x.
        zabumba   X..X....X..X....
        rim     ....x.x.....x.x.""",
    "baiao with pandeiro": """
        tamb      xoXoxoXoxoXoxoXo
        zabumba   X..X..x.X..X..x.
        rim     ....x.......x.xx
        hat       x.x.x.x.x.x.x.x.""",
    "xote": """
        mutetriangle x.o.x.o.x.o.x.o.
        triangle  ..x...x...x...x.
        zabumba   X.....x.X.....x.
        rim     ....X..x....X...""",
    "arrasta-pe": """
        mutetriangle xx.xxx.xxx.xxx.x
        triangle  ..x...x...x...x.
        zabumba   X...X...X...X...
        rim     ..x...x...x...xx""",
    # Gaucha: the vanera, a habanera for dancing, the bellows' bugio, and the milonga of guitar and bombo.
    "vanera": """
        hat       x.x.x.x.x.x.x.x.
        snare     ...xX.x....xX.x.
        kick      X...x...X...x...""",
    "vanerao": """
        hat       x.x.x.x.x.x.x.x.
        rim     ...xx.x....xx.x.
        tamb      ..x...x...x...x.
        kick      X..xX.x.X..xX.x.""",
    "bugio": """
        tamb      x.xxx.xxx.xxx.xx
        rim     ....X.......X...
        kick      X.x...x.X.x...x.""",
    "milonga bombo": """
        floortom  x.....o.x.....o.
        rim     ...o..o....o..o.""",
    # Merengue: the tambora's stick, slaps and open strokes into the next bar, under the guira.
    "merengue derecho": """
        guira     X.xxX.xxX.xxX.xx
        rim     x...x...x.x.x.x.
        slap      ....x.......x...
        tambora   ......xx......xx
        kick      x.......x.......""",
    "merengue maco": """
        guira     xoxoxoxoxoxoxoxo
        tambora   x..xx..xx..xx..x
        slap      ....x.......x...
        kick      X...X...X...X...
        cowbell      x...x...x...x...""",
    "merengue congas": """
        longguiro x...x...x...x...
        guiro     ..xx..xx..xx..xx
        tambora   ......xx......xx
        conga     x.....x.x.....x.
        rim     ....x.x.x.x.x.x.
        kick      x...x...x...x...""",
    "pambiche": """
        guira     X.x.X.xxX.x.X.xx
        rim     x.x...x.x.x...x.
        tambora   ....x.xx....x.xx
        kick      x.......x.......""",
    # Pagode: samba; two of its bars are one bar here; the low surdo answers on two and four.
    "pagode teleco-teco": """
        tamborim  x.x.xx.x.x.x.xx.
        tamb      XooxXooxXooxXoox
        mutesurdo x.......x.......
        surdo     ....X..o....X..o""",
    "partido alto": """
        tamb      .x.X..x.x.X..x..
        shaker    xoxoxoxoxoxoxoxo
        mutesurdo x..o....x..o....
        surdo     ....X.......X...
        repique   x..x.xx.x..x.xx.""",
    "samba with cuica": """
        tamb      xoxxxoxxxoxxxoxx
        tamborim  .x.x.xx.x.x.xx.x
        cuica     x..x....x.......
        opencuica ......x.....x.x.
        mutesurdo x.......x.......
        surdo     ....X.......X.xx""",
    "pagode kit": """
        hat       xoxxxoxxxoxxxoxx
        rim     x.x.xx.x.x.x.xx.
        surdo     ....x.......x...
        kick      x..xx..xx..xx..x""",
    # Salsa: quavers; the son clave takes two bars, and the first is the two-side.
    "salsa cascara": """
        claves    ..x.x...|x..x..x.
        shell     X.x.Xx.x|X.xX.x.x
        slap      ..X.....|..X.....
        conga     ......xx|......xx
        lowconga  ........|...x....
        hibongo   xoxoxo.o|xoxoxo.o
        lobongo   ......x.|......x.""",
    "salsa bells": """
        claves    ..x.x...|x..x..x.
        cowbell      X.xxX.xx|X.xxX.xx
        slap      ..X.....|..X.....
        conga     ......xx|......xx
        lowconga  ........|...x....
        lowtimbale ...o....|...x....
        timbale   ......x.|......xx""",
    "son montuno": """
        claves    ..x.x...|x..x..x.
        maracas   xoxoxoxo|xoxoxoxo
        hibongo   XoxoXo.o|XoxoXo.o
        lobongo   ......x.|......x.
        conga     ......xx|......xx
        slap      ..x.....|..x.....""",
    "salsa guiro": """
        claves    ..x.x...|x..x..x.
        longguiro X...X...|X...X...
        guiro     ..xx..xx|..xx..xx
        cowbell      x...x...|x...x...
        slap      ..X.....|..X.....
        conga     ......xx|...x..xx
        kick      ...o..o.|...x..o.""",
    # Sertaneja: besides the backbeats of `styles`, the batidao's 3-3-2 and the stamping of the viola's pagode.
    "batidao": """
        hat       x.x.x.x.x.x.x.x.
        snare     ...x..X....x..X.
        kick      X...X...X...X...
        shaker    oxoxoxoxoxoxoxox""",
    "sertanejo ballad": """
        hat       x.x.x.x.x.x.x.x.
        rim     ....X.......X...
        kick      x......xx.......""",
    "pagode de viola": """
        clap      ....x.xx....x.x.
        woodblock x..x..x.x..x..x.
        floortom  X.......X.x.....
        shaker    xoxoxoxoxoxoxoxo""",
}

_BONGO, _TAMBORA, _TIMBALES = ("hibongo", "lobongo"), ("tambora", "slap", "rim"), ("timbale", "lowtimbale", "timbale")

# The instruments of fills; in all other grooves these are the kit's toms, followed by a cymbal.
FILLS: dict[str, tuple[str, ...]] = {
    "samba-reggae": ("repique", "snare", "surdo"),
    "ijexa": ("conga", "lowconga"),
    "bachata derecho": _BONGO,
    "bachata majao": _BONGO,
    "bachata mambo": _BONGO,
    "bolero martillo": _BONGO,
    "bolero conga": ("conga", "slap"),
    "bolero cinquillo": _TIMBALES,
    "baiao": ("zabumba", "rim"),
    "baiao with pandeiro": ("zabumba", "rim"),
    "xote": ("zabumba", "rim"),
    "arrasta-pe": ("zabumba", "rim"),
    "milonga bombo": ("floortom", "rim"),
    "merengue derecho": _TAMBORA,
    "merengue maco": _TAMBORA,
    "merengue congas": _TAMBORA,
    "pambiche": _TAMBORA,
    "pagode teleco-teco": ("repique", "tamborim"),
    "partido alto": ("repique", "surdo"),
    "samba with cuica": ("repique", "tamborim"),
    "pagode de viola": ("clap", "floortom"),
    "salsa cascara": _TIMBALES,
    "salsa bells": _TIMBALES,
    "son montuno": _BONGO,
    "salsa guiro": _TIMBALES,
}

# Marks as in `styles.BASS_LINES`.
BASS_LINES = {
    "samba-reggae bass": "r--..r-.5--..5a.",
    "axe bass": "r--r--r-....r-5-",
    "ijexa bass": "r--5..5-r--5..a-",
    "bachata bass": "r-------r---5---",
    "bachata walk": "r-----..3---5-a-",
    "bachata majao": "r---r---5---r-a-",
    "bolero bass": "r-------5---3---",
    "bolero anticipated": "r-----5-r---5---",
    "baiao": "r--r--5-r--r--5-",
    "baiao fifths": "r--5..r-r--5..a-",
    "xote": "r---..r-5---..5-",
    "vanera": "r--5r-5-r--5r-5-",
    "vanera plain": "r---5-5-r---5-5-",
    "bugio": "r-5-..5-r-5-..a-",
    "milonga": "r--5--R-r--5--R-",
    "merengue halves": "r-----..5-----..",
    "merengue caballo": "r---..r-5---..a-",
    "merengue syncopated": "r-..r-5-..r-5-a-",
    "samba": "r--5f--5r--5f--5",
    "samba low": "..r-f--r..r-f--a",
    "partido alto": "r-..f--r-..rf---",
    "tumbao": "...5--n-",
    "tumbao octave": "...5--R-|...5--n-",
    "guaracha": "r-.5--n-|...5--n-",
    "batidao": "r--r--r-5--5--a-",
    "marcato": "r-..5-..r-..5-..",
    "marcato roots": "r-..r-..5-..a-..",
    "three three two": "r-.r-.5-",
    "habanera": "r--5R-5-r--5R-5-",
}

# Marks as in `styles.FIGURES`.
FIGURES = {
    "samba-reggae stabs": "x..x..x...x..x..",
    "axe guitar": "x.xx..x.x.xx..x.",
    "bachata segunda": "0-..x-xx0-..x-xx",
    "bachata upstrokes": "..x-..x-..x-..xx",
    "requinto": "0-3-2-3-1-3-2-3-",
    "requinto runs": "0-1-2-3-4-3-2-1-",
    "bolero guitar": "0-1-2-3-1-2-3-2-",
    "bolero rhythm": "0---x-x-1---x-x-",
    "bolero piano": "x-----x-x---x---",
    "bellows": "x-xxx-xxx-xxx-xx",
    "baiao chop": "..xx..x...xx..x.",
    "baiao guitar": "x..x..x.x..x..x.",
    "vanera chop": "...xx.x....xx.x.",
    "bugio bellows": "x.x.xx..x.x.xx..",
    "milonga guitar": "0--2--3-0--2--31",
    "merengue piano": "x.xx.xx.",
    "merengue montuno": "0.21.21.|0.21.2x.",
    "merengue guitar": "..x.x.xx..x.x.xx",
    "cavaquinho": "x.x.xx.x.x.x.xx.",
    "cavaquinho partido": ".x.x..x.x.x..x..",
    "samba guitar": "0.x.0x.x0.x.0x.x",
    "montuno": "x.12.x.2|.1.x.2.x",
    "montuno chords": "x.xx.x.x|.x.x.x.x",
    "guajeo": "0.21.2.1|.2.0.1.2",
    "mona": ".x.x.xx.|x..x....",
    "batidao guitar": "x..x..x.x..x..xx",
    "viola": "0.2.3.2.1.2.3.2.",
    "viola recortado": "x.x.xx.xx.x.xx.x",
    "marcato": "x-..x-..x-..x-..",
    "marcato in two": "x-......x-......",
    "sincopa": "x-x---x-x-x---x-",
    "three three two": "x-.x-.x-",
    "habanera": "0--xx-x-0--xx-x-",
}

RHYTHMS = {
    "axe hook": "x--x--x-..x-x-x-|x--x--x-----....",
    "coro": "..x-x-x-x---....|..x-x-x-x-x-----",
    "bachata lead": "..x-x-x-x-x-x-x-|x---x-x-x-------",
    "bachata fill": "......x-xxx-x-x-|x-x-x---....x-x-",
    "bolero song": "..x-x-x-x---x---|x-------....x-x-",
    "baiao tune": "x--x--x-x--x--x-|x-x-x-x-x---....",
    "sanfona": "x-xxx-x-x-xxx-x-|xxx-x-x-x---....",
    "vanera tune": "x-xxx-x-x-xxx-x-|x-xxx-x-x---x---",
    "bugio tune": "x-x-xx..x-x-xx..|x-x-xxx-x---....",
    "jaleo": "xxxxxxxxxxxxxxxx|xxxxxxxxx...x...",
    "merengue horns": "x-.x-.x-x-......|x-.x-.x-x-x-x-..",
    "samba line": "x-x-xx-x.x-x-xx-|..x-xx-xx-------",
    "choro": "xxxxxxxxxxxxxxxx|x-x-x---........",
    "mambo": "x-xx-x.x|.x.x-...",
    "salsa song": "..x-x-x-|x-.x--..",
    "duet": "..x-x-x-x-x-x---|x---x-x-x-------",
    "tango theme": "..x-x-x-x---x---|x-----x-x-------",
    "tango sincopa": "x-x---x-x-x---x-|x---x---x-------",
    "tango variation": "xxxxxxxxxxxxxxxx|xxxxxxxxx---....",
    "habanera": "x--xx-x-x--xx-x-|x--x--x-x-------",
}

_BASSES = ("Electric Bass (finger)", "Acoustic Bass", "Electric Bass (pick)")
_BRASS = ("Brass Section", "Trumpet", "Trombone")

LATIN_STYLES: dict[str, Style] = {
    "axe": Style(
        tempo=(88, 140),
        scales=("major", "minor", "major pentatonic", "mixolydian"),
        progressions=("I|V|vi|IV", "I|IV|V|IV", "I|vi|ii|V7", "i|bVII|bVI|V7", "I|ii7|V7|I"),
        kits=("standard", "room", "electronic"),
        grooves=("samba-reggae", "axe pop", "galope", "ijexa"),
        layers=(
            Layer("bass", _BASSES, ("axe bass", "samba-reggae bass", "ijexa bass", "dotted"), 38, 96),
            Layer(
                "chords",
                ("Electric Guitar (clean)", "Acoustic Guitar (steel)", "Electric Piano 1", "Bright Acoustic Piano"),
                ("axe guitar", "skank", "samba-reggae stabs", "strum"),
                60,
                92,
                1.0,
                0.8,
            ),
            Layer(
                "chords",
                (*_BRASS, "Synth Strings 1", "Accordion"),
                ("samba-reggae stabs", "stabs", "pad"),
                64,
                78,
                0.65,
            ),
            Layer(
                "melody",
                ("Voice Oohs", "Brass Section", "Alto Sax", "Electric Guitar (clean)", "Trumpet"),
                ("axe hook", "coro", "hook", "syncopated"),
                70,
                94,
                0.85,
            ),
        ),
        swing=(0.5, 0.54),
        swing_unit=0.5,
        drum_volume=92,
    ),
    "bachata": Style(
        tempo=(112, 140),
        scales=("minor", "major", "harmonic minor"),
        progressions=("i|i|V7|V7", "I|vi|IV|V7", "i|bVII|bVI|V7", "I|I|V7|V7", "iv|i|V7|i"),
        kits=("standard", "room"),
        grooves=("bachata derecho", "bachata majao", "bachata mambo"),
        layers=(
            Layer("bass", _BASSES, ("bachata bass", "bachata walk", "bachata majao"), 38, 96),
            Layer(
                "chords",
                ("Electric Guitar (clean)", "Acoustic Guitar (steel)", "Acoustic Guitar (nylon)"),
                ("requinto", "requinto runs", "bolero guitar"),
                64,
                94,
            ),
            Layer(
                "chords",
                ("Acoustic Guitar (steel)", "Acoustic Guitar (nylon)", "Acoustic Grand Piano"),
                ("bachata segunda", "bachata upstrokes", "bolero rhythm"),
                57,
                82,
                0.85,
                0.8,
            ),
            Layer(
                "melody",
                ("Acoustic Guitar (nylon)", "Electric Guitar (clean)", "Voice Oohs", "String Ensemble 1", "Alto Sax"),
                ("bachata lead", "bachata fill", "coro", "bolero song"),
                71,
                84,
                0.85,
            ),
        ),
        drum_volume=92,
    ),
    "bolero": Style(
        tempo=(72, 104),
        scales=("minor", "major", "harmonic minor"),
        progressions=(
            "i|iv|V7|i",
            "Imaj7|vi7|ii7|V7",
            "I6|I6|ii7|V7",
            "i|bVII|bVI|V7",
            "ii7b5|V7|i|i",
            "Imaj7|iii7|ii7|V7",
        ),
        kits=("brush", "standard", "jazz"),
        grooves=("bolero martillo", "bolero conga", "bolero brushes", "bolero cinquillo"),
        layers=(
            Layer(
                "bass",
                ("Acoustic Bass", "Electric Bass (finger)", "Fretless Bass"),
                ("bolero bass", "bolero anticipated", "bachata bass", "roots"),
                38,
                92,
            ),
            Layer(
                "chords",
                ("Acoustic Guitar (nylon)", "Acoustic Grand Piano", "Acoustic Guitar (steel)", "Electric Piano 1"),
                ("bolero guitar", "bolero rhythm", "bolero piano", "requinto", "ballad"),
                60,
                90,
            ),
            Layer(
                "chords",
                ("String Ensemble 1", "Choir Aahs", "Brass Section", "String Ensemble 2"),
                ("pad", "half notes"),
                64,
                60,
                0.6,
                1.0,
            ),
            Layer(
                "melody",
                (
                    "Voice Oohs",
                    "Acoustic Guitar (nylon)",
                    "Muted Trumpet",
                    "Violin",
                    "Alto Sax",
                    "Acoustic Grand Piano",
                    "Accordion",
                ),
                ("bolero song", "lyrical", "long", "bachata lead"),
                70,
                82,
                0.9,
                0.98,
            ),
        ),
        looseness=0.012,
        rubato=0.02,
        drum_volume=104,
    ),
    "forro": Style(
        tempo=(80, 124),
        scales=("mixolydian", "major", "minor", "dorian"),
        progressions=("I|I|V7|I", "I7|I7|IV7|I7", "I|IV|V7|I", "i|iv|V7|i", "I|bVII|IV|I"),
        kits=("standard", "room"),
        grooves=("baiao", "xote", "baiao with pandeiro", "arrasta-pe"),
        layers=(
            Layer("bass", _BASSES, ("baiao", "xote", "baiao fifths", "two beat"), 38, 92),
            Layer(
                "chords",
                ("Accordion", "Acoustic Guitar (nylon)", "Acoustic Guitar (steel)"),
                ("bellows", "baiao chop", "offbeats", "baiao guitar"),
                63,
                92,
                1.0,
                0.8,
            ),
            Layer(
                "chords",
                ("Acoustic Guitar (nylon)", "Electric Guitar (clean)", "Electric Piano 1"),
                ("baiao guitar", "skank", "offbeats"),
                60,
                84,
                0.6,
                0.8,
            ),
            Layer(
                "melody",
                ("Accordion", "Voice Oohs", "Fiddle", "Flute", "Alto Sax"),
                ("baiao tune", "sanfona", "coro", "skipping"),
                72,
                88,
                0.9,
            ),
        ),
        swing=(0.5, 0.56),
        swing_unit=0.5,
        looseness=0.01,
    ),
    "gaucha": Style(
        tempo=(92, 132),
        scales=("major", "minor", "harmonic minor"),
        progressions=("I|V7|V7|I", "i|V7|V7|i", "I|IV|V7|I", "i|iv|V7|i", "I|I|V7|V7|V7|V7|I|I"),
        kits=("standard", "room", "brush"),
        grooves=("vanera", "vanerao", "bugio", "milonga bombo"),
        layers=(
            Layer("bass", _BASSES, ("vanera", "vanera plain", "two beat", "bugio", "milonga"), 38, 92),
            Layer(
                "chords",
                ("Acoustic Guitar (nylon)", "Accordion", "Acoustic Guitar (steel)", "Electric Guitar (clean)"),
                ("vanera chop", "milonga guitar", "bugio bellows", "boom chick"),
                61,
                94,
                1.0,
                0.8,
            ),
            Layer(
                "chords",
                ("Accordion", "Tango Accordion", "String Ensemble 1"),
                ("bellows", "pad", "habanera"),
                63,
                74,
                0.5,
                0.85,
            ),
            Layer(
                "melody",
                ("Accordion", "Voice Oohs", "Acoustic Guitar (nylon)", "Violin", "Harmonica"),
                ("vanera tune", "bugio tune", "duet", "habanera"),
                71,
                88,
                0.9,
            ),
        ),
        looseness=0.01,
        drum_volume=88,
    ),
    "merengue": Style(
        tempo=(122, 160),
        scales=("major", "minor", "mixolydian"),
        progressions=("I|I|V7|V7", "I|V7", "i|i|V7|V7", "I|IV|V7|IV", "i|bVII|bVI|V7"),
        kits=("standard", "room", "electronic"),
        grooves=("merengue derecho", "merengue maco", "merengue congas", "pambiche"),
        layers=(
            Layer(
                "bass",
                ("Electric Bass (finger)", "Acoustic Bass", "Electric Bass (pick)", "Synth Bass 1"),
                ("merengue halves", "merengue caballo", "merengue syncopated", "two beat"),
                38,
                96,
            ),
            Layer(
                "chords",
                ("Acoustic Grand Piano", "Bright Acoustic Piano", "Accordion", "Electric Guitar (clean)"),
                ("merengue piano", "merengue montuno", "merengue guitar", "offbeats"),
                62,
                92,
                1.0,
                0.75,
            ),
            Layer(
                "chords",
                ("Alto Sax", "Brass Section", "Trumpet", "Accordion"),
                ("arpeggio up", "stabs", "three three two"),
                65,
                76,
                0.7,
                0.8,
            ),
            Layer(
                "melody",
                ("Voice Oohs", "Alto Sax", "Accordion", "Brass Section", "Trumpet"),
                ("merengue horns", "jaleo", "coro", "axe hook"),
                70,
                84,
                0.85,
            ),
        ),
        looseness=0.006,
        drum_volume=96,
    ),
    "pagode": Style(
        tempo=(84, 112),
        scales=("major", "minor", "mixolydian"),
        progressions=(
            "Imaj7|vi7|ii7|V7",
            "I6|VI7|ii7|V7",
            "i|iv|V7|i",
            "Imaj7|III7|vi7|II7|ii7|V7|I6|V7",
            "I|ii7|V7|I",
        ),
        kits=("standard", "room", "brush"),
        grooves=("pagode teleco-teco", "partido alto", "pagode kit", "samba with cuica"),
        layers=(
            Layer("bass", _BASSES, ("samba", "samba low", "partido alto", "bossa"), 39, 92),
            Layer(
                "chords",
                ("Acoustic Guitar (steel)", "Banjo", "Acoustic Guitar (nylon)"),
                ("cavaquinho", "cavaquinho partido", "funk sixteenths"),
                69,
                88,
                1.0,
                0.7,
            ),
            Layer(
                "chords",
                ("Acoustic Guitar (nylon)", "Electric Piano 1", "Acoustic Grand Piano", "String Ensemble 1"),
                ("samba guitar", "bossa comp", "pad"),
                58,
                82,
                0.8,
                0.85,
            ),
            Layer(
                "melody",
                ("Voice Oohs", "Flute", "Alto Sax", "Acoustic Guitar (steel)", "Accordion"),
                ("samba line", "coro", "choro", "syncopated"),
                71,
                84,
                0.85,
            ),
        ),
        swing=(0.5, 0.55),
        swing_unit=0.5,
        drum_volume=92,
    ),
    "salsa": Style(
        tempo=(164, 212),
        scales=("minor", "dorian", "major", "mixolydian"),
        progressions=("i|iv|V7|iv", "I|IV|V7|IV", "i7|i7|iv7|V7", "ii7|V7|I6|I6", "i|bVII|bVI|V7"),
        kits=("standard", "room"),
        grooves=("salsa cascara", "salsa bells", "son montuno", "salsa guiro"),
        layers=(
            Layer(
                "bass",
                ("Acoustic Bass", "Electric Bass (finger)", "Fretless Bass"),
                ("tumbao", "tumbao octave", "guaracha"),
                38,
                98,
            ),
            Layer(
                "chords",
                ("Acoustic Grand Piano", "Bright Acoustic Piano", "Electric Piano 1", "Acoustic Guitar (steel)"),
                ("montuno", "montuno chords", "guajeo"),
                65,
                96,
                1.0,
                0.8,
            ),
            Layer("chords", (*_BRASS, "String Ensemble 1", "Tenor Sax"), ("mona", "pad", "stabs"), 65, 72, 0.6),
            Layer(
                "melody",
                ("Trumpet", "Voice Oohs", "Brass Section", "Flute", "Muted Trumpet", "Alto Sax"),
                ("salsa song", "mambo", "coro", "horn line"),
                70,
                88,
                0.85,
            ),
        ),
    ),
    "sertaneja": Style(
        tempo=(76, 132),
        scales=("major", "major pentatonic", "mixolydian", "minor"),
        progressions=("I|V|vi|IV", "I|I|V7|V7", "I|IV|V7|I", "vi|IV|I|V", "I|V7|V7|I"),
        kits=("standard", "room", "electronic"),
        grooves=("sertanejo ballad", "batidao", "backbeat", "vanera", "pagode de viola", "half time"),
        layers=(
            Layer("bass", _BASSES, ("roots", "dotted", "batidao", "two beat", "vanera plain"), 38, 92),
            Layer(
                "chords",
                ("Acoustic Guitar (steel)", "Acoustic Guitar (nylon)", "Electric Guitar (clean)"),
                ("strum", "viola", "batidao guitar", "viola recortado", "picking"),
                60,
                92,
            ),
            Layer(
                "chords",
                ("Accordion", "String Ensemble 1", "Acoustic Grand Piano", "Electric Piano 1"),
                ("pad", "ballad", "offbeats", "half notes"),
                63,
                74,
                0.7,
            ),
            Layer(
                "melody",
                ("Voice Oohs", "Accordion", "Acoustic Guitar (steel)", "Trumpet", "Violin", "Electric Guitar (clean)"),
                ("duet", "anthem", "lyrical", "coro"),
                71,
                86,
                0.9,
            ),
        ),
    ),
    "tango": Style(
        tempo=(108, 136),
        scales=("harmonic minor", "minor", "major"),
        progressions=("i|i|V7|V7|V7|V7|i|i", "i|iv|V7|i", "i|bVI|V7|i", "ii7b5|V7|i|i", "I|V7|V7|I"),
        kits=(),
        grooves=(),
        layers=(
            Layer(
                "bass",
                ("Acoustic Bass", "Contrabass", "Pizzicato Strings"),
                ("marcato", "marcato roots", "three three two", "habanera"),
                40,
                92,
                1.0,
                0.9,
            ),
            Layer(
                "chords",
                ("Acoustic Grand Piano", "Accordion", "Acoustic Guitar (nylon)", "Tango Accordion"),
                ("marcato", "sincopa", "three three two", "habanera"),
                62,
                86,
                1.0,
                0.75,
            ),
            Layer(
                "chords",
                ("String Ensemble 1", "Tango Accordion", "Accordion", "Pizzicato Strings"),
                ("marcato in two", "pad", "sincopa"),
                64,
                64,
                0.75,
                0.9,
            ),
            Layer(
                "melody",
                (
                    "Accordion",
                    "Violin",
                    "Tango Accordion",
                    "Voice Oohs",
                    "Acoustic Grand Piano",
                    "Acoustic Guitar (nylon)",
                ),
                ("tango theme", "tango sincopa", "tango variation", "habanera", "lyrical"),
                71,
                92,
                0.95,
            ),
        ),
        looseness=0.012,
        rubato=0.03,
    ),
}
