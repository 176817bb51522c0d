"""What the ten genres are: tempi, kits, grooves, harmony, bass lines, comping and tunes, as plain data.

Genre is defined only here and in `latin_styles`. Styles share grooves, figures and instruments as real
genres do (a backbeat occurs in pop, rock, country and metal; a clean guitar in nearly all genres), so that no
single sound identifies a genre. The notation is explained in `notation`.
"""

from __future__ import annotations

from dataclasses import dataclass

# Drum names used in the tabs -> General MIDI percussion keys.
DRUMS = {
    "kick": 36,
    "rim": 37,
    "snare": 38,
    "clap": 39,
    "hat": 42,
    "pedal": 44,
    "openhat": 46,
    "lowtom": 45,
    "midtom": 47,
    "hitom": 50,
    "crash": 49,
    "ride": 51,
    "tamb": 54,
    "cowbell": 56,
    "hibongo": 60,
    "lobongo": 61,
    "conga": 63,
    "shaker": 70,
}

# Drum kits -> programs of the SoundFont's percussion bank.
KITS = {
    "standard": 0,
    "room": 8,
    "power": 16,
    "electronic": 24,
    "808": 25,
    "jazz": 32,
    "brush": 40,
}

GROOVES = {
    "shuffle": """
        hat    x.xx.xx.xx.x
        snare  ...X.....X..
        kick   x.....x..x..""",
    "slow blues": """
        ride   xxxxxxxxxxxx
        snare  ...X.....X..
        kick   x....xx.....""",
    "half shuffle": """
        ride   x.xx.xx.xx.x
        snare  .o..o.X.o..o
        kick   x....x...x..""",
    "backbeat": """
        hat    x.x.x.x.x.x.x.x.
        snare  ....X.......X...
        kick   x.......x.x.....""",
    "straight rock": """
        hat    X.x.X.x.X.x.X.x.
        snare  ....X.......X...
        kick   x.....x.x.......""",
    "ride rock": """
        ride   X.x.X.x.X.x.X.x.
        snare  ....X.......X..o
        kick   x..x..x.x.x.....""",
    "busy backbeat": """
        hat    xoxoxoxoxoxoxoxo
        snare  ....X..o.o..X...
        kick   x..x....x.x....x""",
    "half time": """
        hat    x.x.x.x.x.x.x.x.
        snare  ........X.......
        kick   x.....x......x..""",
    "tom drive": """
        lowtom x.x.x.x.x.x.x.x.
        snare  ....X.......X..x
        kick   x...x...x...x...""",
    "four on the floor": """
        hat     ..x...x...x...x.
        snare   ....x.......x...
        clap    ....X.......X...
        kick    X...X...X...X...""",
    "disco open hat": """
        hat     x.o.x.o.x.o.x.o.
        openhat ..x...x...x...x.
        snare   ....X.......X...
        kick    X...X...X...X...""",
    "disco sixteenths": """
        hat     xoxoxoxoxoxoxoxo
        snare   ....X.......X...
        tamb    ..x...x...x...x.
        kick    X...X...X...X...""",
    "disco congas": """
        hat     ..x...x...x...x.
        conga   x..x..x.x..x.xx.
        snare   ....X.......X...
        kick    X...X...X...X...""",
    "dance pop": """
        hat     ..x...x...x...x.
        clap    ....X.......X...
        shaker  oxoxoxoxoxoxoxox
        kick    X...X...X...X...""",
    "boom bap": """
        hat    x.x.x.x.x.x.x.x.
        snare  ....X.......X...
        kick   X..x......xx....""",
    "lazy boom bap": """
        hat    x.xxx.x.x.x.x.xx
        snare  ....X.......X..o
        kick   X.x....x..x....x""",
    "trap hats": """
        hat    xxx.xxxxxx.xxxxx
        clap   ........X.......
        kick   X.....x...X.....""",
    "break": """
        ride   x.x.x.x.x.x.x.x.
        snare  ....X..o.o..X..o
        kick   X.X.......XX....""",
    "swing ride": """
        ride   x.x.xxx.x.x.xxx.|x...xxx.x...xxx.
        pedal  ....x.......x...|....x.......x...
        snare  ......o.........|..........o...o.""",
    "jazz ride": """
        ride   x..x.xx..x.x
        pedal  ...x.....x..
        kick   o..o..o..o..
        snare  .....o......""",
    "brushed": """
        snare  x..o.oo..o.o
        pedal  ...x.....x..
        kick   o.....o.....""",
    "bossa": """
        hat    x.x.x.x.x.x.x.x.
        rim    x..x..x...x..x..
        kick   x..xx..xx..xx..x""",
    "double kick": """
        crash  x...............
        hat    x...x...x...x...
        snare  ....X.......X...
        kick   xxxxxxxxxxxxxxxx""",
    "thrash": """
        hat    x.x.x.x.x.x.x.x.
        snare  ..X...X...X...X.
        kick   x...x...x...x..x""",
    "gallop": """
        ride   x...x...x...x...
        snare  ....X.......X...
        kick   x.xxx.xxx.xxx.xx""",
    "breakdown": """
        crash  x.......x.......
        snare  ........X.......
        kick   x..x..x...x..x.x""",
    "train beat": """
        snare  oxoxXxoxoxoxXxox
        kick   x...x...x...x...
        pedal  ..x...x...x...x.""",
    "two step": """
        hat    x.x.x.x.
        rim    ..X...X.
        kick   x...x...""",
    "country shuffle": """
        hat    x.xx.xx.xx.x
        rim    ...X.....X..
        kick   x.....x.....""",
    "one drop": """
        hat    ..x...x...x...x.
        rim    ........X.......
        kick   ........X.......""",
    "rockers": """
        hat    x.x.x.x.x.x.x.xx
        rim    ........X.....o.
        kick   x.......x.......""",
    "steppers": """
        hat    ..x...x...x..xx.
        snare  ........X.......
        kick   X...X...X...X...""",
    "nyabinghi": """
        hibongo x..x....x..x..x.
        lobongo ....x.......x...
        rim     ........X.......
        kick    ........x.......""",
}

# Bass lines: r root, R its octave, 3 5 6 7 chord tones, f the fifth below, w any chord tone, a step to the next root,
# n the next root itself.
BASS_LINES = {
    "roots": "r-------r-------",
    "whole notes": "r---------------",
    "dotted": "r-----r-r-----a-",
    "eighths": "rrrrrrrr",
    "driving": "r-r-r-r-r-r-r-a-",
    "syncopated": "r--r--r-....r-a-",
    "two beat": "r...5...r...f...",
    "two beat walk": "r...5...r...5...|r...5...3-..a-..",
    "boogie": "r.r3.35.56.6",
    "boogie seventh": "r..3..5..6..|7..6..5..3..",
    "shuffle roots": "r.rr.r5.5r.a",
    "slow triplets": "r....rr..5.a",
    "walking": "rwwa",
    "walking up": "r35a|r5wa",
    "jazz two": "r--.5--a",
    "bossa": "r-----5-r-----f-",
    "disco octaves": "r.R.r.R.r.R.r.R.",
    "disco gallop": "r.RRr.RRr.RRr.Ra",
    "funk": "r..r..R.....5.7.",
    "hip hop": "r-----....r-r---",
    "hip hop late": "r--r......r---a-",
    "sub": "r-------------..",
    "gallop": "r.rrr.rrr.rrr.rr",
    "chug": "rrrrrrrrrrrrrrrr",
    "riff": "r.r...r.rr..7.a.",
    "one drop": "r-..r-3-..5-....",
    "reggae walk": "....r-3-5--.5-3-",
    "reggae roots": "r--r--..5--5..a.",
    "steppers": "r-r.5-..r-r.7-5-",
    "cello": "r-------5-------",
    "cello walk": "r-3-5-3-",
    "pizzicato": "r...5...3...5...",
}

# Chord figures: x the whole chord, digits its tones from the lowest (4 and more continue in the next octave).
FIGURES = {
    "pad": "x---------------",
    "half notes": "x-------x-------",
    "quarters": "x---x---x---x---",
    "eighths": "x-x-x-x-x-x-x-x-",
    "ballad": "0-1-2-1-3-1-2-1-",
    "arpeggio up": "0123210301232103",
    "slow arpeggio": "0-1-2-3-",
    "alberti": "02120212",
    "fast alberti": "0212021202120212",
    "waves": "0123432101234321",
    "strum": "x---x-xx--xxx-xx",
    "folk strum": "x---x-x...x-x-x-",
    "boom chick": "0...x...2...x...",
    "boom chicka": "0...x.x.2...x.x.",
    "picking": "0.2.1.2.0.2.1.3.",
    "shuffle chop": "...x.....x..",
    "shuffle riff": "x.xx.xx.xx.x",
    "blues triplets": "xxxxxxxxxxxx",
    "stabs": "..x.....x.......",
    "late stabs": "......x...x.....|..x.......x.....",
    "charleston": "x-.x....|...x..x.",
    "comping": "..x-...x|x...x-..",
    "sparse comping": "x-----..|...x----",
    "freddie": "x.x.x.x.",
    "bossa comp": "x-.x-.x-..x-.x-.",
    "offbeats": "..x...x...x...x.",
    "skank": "..x...x...x...x.",
    "double skank": "..xx..xx..xx..xx",
    "bubble": "..0x..0x..0x..0x",
    "funk sixteenths": "x.xx..x.x.xx..xx",
    "funk ninth": "x..x..x...x.x...",
    "disco strings": "x-----x-x-......",
    "loop": "x-----..x---....",
    "sample stab": "x-......|x-....x-",
    "power": "x---------x---x-",
    "power eighths": "x.x.x.x.x.x.x.x.",
    "chug": "x.xxx.xxx.xxx.xx",
    "chug sixteenths": "xxxxxxxx--xxxxxx",
    "thrash": "xxx.xxx.xxxxx---",
    "sustain": "x-------------x-",
}

# Rhythms of tunes; the pitches come from the artist's or the piece's motif.
RHYTHMS = {
    "long": "x-------x---x---|x---------------",
    "lyrical": "x-----x-x-x-x---|x-------x-------",
    "flowing": "x-x-x-x-x-x-x-x-|x-x-x-x-x-------",
    "runs": "x-xxxxx-x-xxxxx-|x-xxx-x-x-------",
    "call": "..x-x-x---......|..x-x-x-x-----..",
    "hook": "x--x--x-....x-x-|x--x--x---------",
    "syncopated": "..x--x--x-x---..|x--x--x-------..",
    "anthem": "x---x---x-x-x---|x-----x-x-------",
    "blues lick": "...x.xx--x--|x----.......",
    "blues answer": "......x.xx.x|x--x-x------",
    "swing line": "x-xxx-x-|.xx-xxx-",
    "bop": "xxxxxxxx|xxx-.x--",
    "swing riff": ".x-xx-..|.x-xx-x-",
    "fiddle": "x-xxx-xxx-xxx-x-|x-xxx-xxx-----..",
    "twang": "x-..x-x.x---....|..x-x-x-x-------",
    "skipping": "x..xx..xx..xx...|x..xx..xx-------",
    "rap": "x.xxx.x.xx.x.xx.|x.xxx.x.x...x.x.",
    "loop": "x--x..x-....x...|x--x..x-........",
    "dub": "x---......x-x---|................",
    "horn line": "x-x---x-x---....|..x-x-x---......",
    "shred": "xxxxxxxxxxxxxxxx|xxxxxxxxx-----..",
    "metal theme": "x---x-x-x---x-x-|x---x---x-------",
}


@dataclass(frozen=True)
class Layer:
    """One voice of a style: its possible instruments and figures, its register, its level, and how often it occurs."""

    role: str  # "bass", "chords" or "melody"
    instruments: tuple[str, ...]  # General MIDI names
    figures: tuple[str, ...]  # keys of BASS_LINES, FIGURES or RHYTHMS
    centre: int  # MIDI pitch around which the voice lies
    volume: int  # 0..127
    presence: float = 1.0  # probability that a piece has the layer
    articulation: float = 0.92  # sounding share of a written length


@dataclass(frozen=True)
class Style:
    """Everything that defines a genre."""

    tempo: tuple[float, float]  # beats a minute
    scales: tuple[str, ...]
    progressions: tuple[str, ...]
    kits: tuple[str, ...]
    grooves: tuple[str, ...]  # empty: no drums
    layers: tuple[Layer, ...]
    swing: tuple[float, float] = (0.5, 0.52)  # where the second half of a swung unit starts, 0.5 = straight
    swing_unit: float = 1.0  # beats
    drum_volume: int = 100
    looseness: float = 0.008  # standard deviation of a player's timing, s
    rubato: float = 0.0  # depth of the tempo's slow waves, share of the tempo


_PIANOS = ("Acoustic Grand Piano", "Bright Acoustic Piano")
_BASSES = ("Electric Bass (finger)", "Electric Bass (pick)", "Acoustic Bass")

STYLES: dict[str, Style] = {
    "blues": Style(
        tempo=(66, 132),
        scales=("blues", "minor pentatonic", "mixolydian"),
        progressions=(
            "I7|I7|I7|I7|IV7|IV7|I7|I7|V7|IV7|I7|V7",
            "I7|IV7|I7|I7|IV7|IV7|I7|I7|V7|IV7|I7 IV7|I7 V7",
            "i7|i7|i7|i7|iv7|iv7|i7|i7|bVI7|V7|i7|V7",
            "I7|V7|IV7|IV7|I7|V7|I7 IV7|I7 V7",
        ),
        kits=("standard", "room", "brush"),
        grooves=("shuffle", "slow blues", "half shuffle", "backbeat", "country shuffle"),
        layers=(
            Layer("bass", _BASSES, ("boogie", "boogie seventh", "shuffle roots", "slow triplets", "walking"), 38, 96),
            Layer(
                "chords",
                (*_PIANOS, "Electric Guitar (clean)", "Overdriven Guitar", "Drawbar Organ", "Honky-tonk Piano"),
                ("shuffle chop", "shuffle riff", "blues triplets", "stabs", "quarters"),
                57,
                78,
            ),
            Layer(
                "chords",
                ("Drawbar Organ", "Rock Organ", "Brass Section", "Tenor Sax"),
                ("pad", "late stabs"),
                60,
                62,
                0.4,
            ),
            Layer(
                "melody",
                ("Harmonica", "Electric Guitar (clean)", "Overdriven Guitar", "Tenor Sax", "Acoustic Grand Piano"),
                ("blues lick", "blues answer", "call", "syncopated"),
                69,
                92,
                0.85,
            ),
        ),
        swing=(0.58, 0.67),
        looseness=0.012,
    ),
    "classical": Style(
        tempo=(56, 138),
        scales=("major", "minor", "harmonic minor"),
        progressions=(
            "I|V7|I|IV V7|I|ii V7|I V7|I",
            "i|iv|V7|i|bVI|iv|V7|i",
            "I|vi|ii|V7|I|IV|V7|I",
            "I|V|vi|iii|IV|I|IV|V7",
            "i|V7|i|bVII|bIII|bVI|iv|V7",
        ),
        kits=(),
        grooves=(),
        layers=(
            Layer(
                "bass",
                ("Cello", "Contrabass", "Bassoon", "Acoustic Grand Piano", "Pizzicato Strings"),
                ("cello", "cello walk", "whole notes", "pizzicato"),
                45,
                84,
                0.9,
            ),
            Layer(
                "chords",
                (
                    "Acoustic Grand Piano",
                    "Harpsichord",
                    "Orchestral Harp",
                    "Pizzicato Strings",
                    "Acoustic Guitar (nylon)",
                    "Clarinet",
                    "Viola",
                ),
                ("alberti", "fast alberti", "waves", "ballad", "slow arpeggio", "quarters"),
                60,
                84,
            ),
            Layer(
                "chords",
                ("String Ensemble 1", "String Ensemble 2", "French Horn", "Choir Aahs"),
                ("pad", "half notes"),
                60,
                62,
                0.55,
                1.0,
            ),
            Layer(
                "melody",
                (
                    "Violin",
                    "Flute",
                    "Oboe",
                    "Clarinet",
                    "Cello",
                    "Acoustic Grand Piano",
                    "String Ensemble 1",
                    "Trumpet",
                ),
                ("lyrical", "flowing", "runs", "long", "anthem"),
                74,
                92,
                0.9,
                0.98,
            ),
        ),
        looseness=0.014,
        rubato=0.05,
    ),
    "country": Style(
        tempo=(84, 148),
        scales=("major", "major pentatonic", "mixolydian"),
        progressions=(
            "I|I|IV|I|I|I|V7|V7",
            "I|IV|V|I",
            "I|V|vi|IV|I|V|IV|I",
            "I|bVII|IV|I",
            "I|I|IV|V",
        ),
        kits=("standard", "brush", "room"),
        grooves=("train beat", "two step", "country shuffle", "backbeat", "busy backbeat"),
        layers=(
            Layer("bass", _BASSES, ("two beat", "two beat walk", "roots", "dotted"), 38, 94),
            Layer(
                "chords",
                ("Acoustic Guitar (steel)", "Acoustic Guitar (nylon)", "Banjo", "Electric Guitar (clean)"),
                ("boom chick", "boom chicka", "strum", "folk strum", "picking"),
                57,
                84,
            ),
            Layer(
                "chords",
                ("Acoustic Grand Piano", "Accordion", "String Ensemble 1", "Honky-tonk Piano"),
                ("pad", "quarters", "offbeats"),
                62,
                60,
                0.45,
            ),
            Layer(
                "melody",
                ("Fiddle", "Electric Guitar (clean)", "Harmonica", "Banjo", "Acoustic Guitar (steel)"),
                ("fiddle", "twang", "skipping", "anthem", "call"),
                71,
                90,
                0.85,
            ),
        ),
        swing=(0.5, 0.58),
    ),
    "disco": Style(
        tempo=(108, 130),
        scales=("minor", "dorian", "major"),
        progressions=("i7|IV7", "i7|i7|iv7|V7", "i7|bVII|bVI|V7", "Imaj7|vi7|ii7|V7", "i7|bIII|iv7|v7"),
        kits=("standard", "electronic", "room"),
        grooves=("four on the floor", "disco open hat", "disco sixteenths", "disco congas", "dance pop"),
        layers=(
            Layer(
                "bass",
                ("Electric Bass (finger)", "Slap Bass 1", "Synth Bass 1", "Electric Bass (pick)"),
                ("disco octaves", "disco gallop", "funk", "driving"),
                38,
                98,
                1.0,
                0.8,
            ),
            Layer(
                "chords",
                (
                    "Electric Guitar (clean)",
                    "Electric Guitar (muted)",
                    "Clavinet",
                    "Electric Piano 1",
                    "Bright Acoustic Piano",
                ),
                ("funk sixteenths", "funk ninth", "offbeats", "eighths"),
                62,
                74,
                1.0,
                0.6,
            ),
            Layer(
                "chords",
                ("String Ensemble 1", "Synth Strings 1", "Brass Section", "Voice Oohs"),
                ("pad", "disco strings", "stabs"),
                67,
                68,
                0.75,
            ),
            Layer(
                "melody",
                ("String Ensemble 1", "Brass Section", "Flute", "Alto Sax", "Lead 2 (sawtooth)", "Voice Oohs"),
                ("hook", "syncopated", "call", "horn line", "anthem"),
                72,
                84,
                0.8,
            ),
        ),
        looseness=0.005,
    ),
    "hiphop": Style(
        tempo=(78, 104),
        scales=("minor", "dorian", "minor pentatonic"),
        progressions=("i7|i7", "i9|iv7", "i|bVI|bIII|bVII", "ii7|i7", "i7|i7|bVI7|V7"),
        kits=("808", "electronic", "standard", "room"),
        grooves=("boom bap", "lazy boom bap", "trap hats", "break", "half time"),
        layers=(
            Layer(
                "bass",
                ("Synth Bass 1", "Synth Bass 2", "Electric Bass (finger)", "Acoustic Bass", "Fretless Bass"),
                ("hip hop", "hip hop late", "sub", "funk"),
                34,
                110,
            ),
            Layer(
                "chords",
                (
                    "Electric Piano 1",
                    "Acoustic Grand Piano",
                    "Vibraphone",
                    "Electric Guitar (clean)",
                    "Pad 2 (warm)",
                    "Drawbar Organ",
                ),
                ("loop", "sample stab", "half notes", "ballad"),
                60,
                72,
            ),
            Layer(
                "chords",
                ("String Ensemble 1", "Brass Section", "Choir Aahs", "Synth Strings 1"),
                ("stabs", "sample stab", "pad"),
                64,
                60,
                0.4,
            ),
            Layer(
                "melody",
                (
                    "Flute",
                    "Muted Trumpet",
                    "Lead 1 (square)",
                    "Acoustic Grand Piano",
                    "Kalimba",
                    "Celesta",
                    "Tenor Sax",
                ),
                ("loop", "rap", "dub", "call"),
                70,
                76,
                0.65,
            ),
        ),
        swing=(0.52, 0.62),
        swing_unit=0.5,
        drum_volume=118,
    ),
    "jazz": Style(
        tempo=(92, 210),
        scales=("dorian", "mixolydian", "major", "blues"),
        progressions=(
            "ii7|V7|Imaj7|Imaj7",
            "Imaj7 vi7|ii7 V7|iii7 vi7|ii7 V7",
            "I7|IV7|I7|I7|IV7|IV7|I7|vi7|ii7|V7|I7 vi7|ii7 V7",
            "ii7b5|V7|i6|i6",
            "i7|i7|i7|i7|bII7|bII7|i7|i7",
        ),
        kits=("jazz", "brush", "standard"),
        grooves=("swing ride", "jazz ride", "brushed", "bossa"),
        layers=(
            Layer(
                "bass",
                ("Acoustic Bass", "Electric Bass (finger)", "Fretless Bass"),
                ("walking", "walking up", "jazz two", "bossa"),
                40,
                98,
            ),
            Layer(
                "chords",
                ("Acoustic Grand Piano", "Electric Guitar (jazz)", "Electric Piano 1", "Vibraphone", "Drawbar Organ"),
                ("charleston", "comping", "sparse comping", "freddie", "bossa comp"),
                60,
                76,
            ),
            Layer("chords", ("Brass Section", "Trombone", "Alto Sax"), ("late stabs", "stabs"), 62, 58, 0.25),
            Layer(
                "melody",
                (
                    "Tenor Sax",
                    "Trumpet",
                    "Muted Trumpet",
                    "Alto Sax",
                    "Vibraphone",
                    "Electric Guitar (jazz)",
                    "Acoustic Grand Piano",
                    "Clarinet",
                    "Flute",
                ),
                ("swing line", "bop", "swing riff", "syncopated"),
                70,
                92,
                0.9,
            ),
        ),
        swing=(0.6, 0.68),
        looseness=0.012,
        drum_volume=92,
    ),
    "metal": Style(
        tempo=(96, 184),
        scales=("minor", "phrygian", "harmonic minor", "minor pentatonic"),
        progressions=("i5|i5|bVI5|bVII5", "I5|bII5", "I5|I5|bIII5|bII5", "I5 bVI5|bVII5 I5", "I5|bVI5|IV5|V5"),
        kits=("power", "room", "standard"),
        grooves=("double kick", "thrash", "gallop", "breakdown", "straight rock"),
        layers=(
            Layer(
                "bass",
                ("Electric Bass (pick)", "Electric Bass (finger)"),
                ("gallop", "chug", "riff", "eighths", "driving"),
                34,
                88,
            ),
            Layer(
                "chords",
                ("Distortion Guitar", "Overdriven Guitar"),
                ("chug", "chug sixteenths", "thrash", "power eighths", "power"),
                45,
                92,
                1.0,
                0.85,
            ),
            Layer(
                "chords",
                ("Distortion Guitar", "String Ensemble 1", "Choir Aahs", "Church Organ"),
                ("sustain", "pad"),
                57,
                62,
                0.45,
            ),
            Layer(
                "melody",
                ("Distortion Guitar", "Overdriven Guitar", "Lead 2 (sawtooth)", "String Ensemble 1"),
                ("shred", "metal theme", "runs", "anthem"),
                69,
                82,
                0.6,
            ),
        ),
        looseness=0.005,
        drum_volume=108,
    ),
    "pop": Style(
        tempo=(84, 128),
        scales=("major", "major pentatonic", "minor"),
        progressions=("I|V|vi|IV", "vi|IV|I|V", "I|vi|IV|V", "IV|I|V|vi", "I|iii|IV|iv"),
        kits=("standard", "electronic", "room", "808"),
        grooves=("backbeat", "dance pop", "busy backbeat", "four on the floor", "half time"),
        layers=(
            Layer(
                "bass",
                ("Electric Bass (finger)", "Synth Bass 1", "Electric Bass (pick)", "Synth Bass 2"),
                ("eighths", "dotted", "syncopated", "roots", "driving"),
                38,
                94,
            ),
            Layer(
                "chords",
                (*_PIANOS, "Acoustic Guitar (steel)", "Electric Guitar (clean)", "Electric Piano 1"),
                ("quarters", "ballad", "strum", "eighths", "arpeggio up"),
                60,
                80,
            ),
            Layer(
                "chords",
                ("Pad 2 (warm)", "String Ensemble 1", "Synth Strings 1", "Voice Oohs"),
                ("pad", "half notes"),
                64,
                62,
                0.7,
                1.0,
            ),
            Layer(
                "melody",
                (
                    "Voice Oohs",
                    "Lead 1 (square)",
                    "Synth Choir",
                    "Acoustic Grand Piano",
                    "Electric Guitar (clean)",
                    "Lead 2 (sawtooth)",
                ),
                ("hook", "anthem", "syncopated", "lyrical"),
                72,
                86,
                0.85,
            ),
        ),
    ),
    "reggae": Style(
        tempo=(66, 92),
        scales=("minor", "dorian", "major", "minor pentatonic"),
        progressions=("i|iv", "i|bVII", "I|IV", "I|ii|I|ii", "i|bVI|bVII|i", "I|IV|V|IV"),
        kits=("standard", "room", "electronic"),
        grooves=("one drop", "rockers", "steppers", "nyabinghi"),
        layers=(
            Layer(
                "bass",
                ("Electric Bass (finger)", "Fretless Bass", "Synth Bass 2", "Electric Bass (pick)"),
                ("one drop", "reggae walk", "reggae roots", "steppers"),
                36,
                112,
            ),
            Layer(
                "chords",
                ("Electric Guitar (clean)", "Electric Guitar (muted)", "Acoustic Grand Piano", "Clavinet"),
                ("skank", "double skank"),
                64,
                84,
                1.0,
                0.5,
            ),
            Layer("chords", ("Drawbar Organ", "Percussive Organ", "Rock Organ"), ("bubble", "pad"), 60, 64, 0.7, 0.6),
            Layer(
                "melody",
                ("Trombone", "Tenor Sax", "Harmonica", "Trumpet", "Electric Guitar (clean)", "Voice Oohs", "Alto Sax"),
                ("horn line", "dub", "call", "long"),
                68,
                82,
                0.75,
            ),
        ),
        swing=(0.5, 0.6),
        swing_unit=0.5,
    ),
    "rock": Style(
        tempo=(92, 160),
        scales=("minor pentatonic", "mixolydian", "major", "minor"),
        progressions=("I5|bVII5|IV5|I5", "I|IV|V|IV", "i|bVI|bIII|bVII", "I5|IV5", "I|V|bVII|IV"),
        kits=("standard", "power", "room"),
        grooves=("straight rock", "backbeat", "ride rock", "tom drive", "half time"),
        layers=(
            Layer(
                "bass",
                ("Electric Bass (pick)", "Electric Bass (finger)"),
                ("eighths", "driving", "riff", "dotted", "syncopated"),
                38,
                92,
            ),
            Layer(
                "chords",
                ("Overdriven Guitar", "Electric Guitar (clean)", "Distortion Guitar", "Acoustic Guitar (steel)"),
                ("power", "power eighths", "strum", "sustain", "folk strum"),
                52,
                84,
            ),
            Layer(
                "chords",
                ("Rock Organ", "Drawbar Organ", "Acoustic Grand Piano", "Electric Guitar (clean)"),
                ("pad", "eighths", "ballad"),
                62,
                62,
                0.5,
            ),
            Layer(
                "melody",
                ("Overdriven Guitar", "Distortion Guitar", "Electric Guitar (clean)", "Voice Oohs", "Harmonica"),
                ("hook", "anthem", "call", "blues lick", "runs"),
                70,
                84,
                0.7,
            ),
        ),
        drum_volume=106,
    ),
}

GENRES: tuple[str, ...] = tuple(sorted(STYLES))
