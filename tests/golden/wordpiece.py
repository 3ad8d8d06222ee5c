#!/usr/bin/env python3
"""wordpiece.py - what BertTokenizerFast's parts make of texts, for tests/plugins/tokenizer/test_wordpiece.c.

Run with the `tokenizers` package, from the root of the tree:

    python tests/golden/wordpiece.py [FOLDER OF SHARED DATA]

Writes below tests/golden/wordpiece/:
    vocab.txt        a small vocabulary, learnt from the texts below
    cases.jsonl      some 700 texts with ids, type ids and byte offsets (a special token has none), alone, in pairs and cut
    digests.jsonl    per file of real text and vocabulary, a digest of the ids of every 100 lines; only where the data is there

The normaliser, splitter and model are put together as transformers' BertTokenizerFast does it.

SPDX-License-Identifier: Apache-2.0
"""

import hashlib
import json
import os
import random
import struct
import sys

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wordpiece")
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

MODES = {
    "uncased": dict(lowercase=True, strip_accents=None, chinese=True),
    "cased": dict(lowercase=False, strip_accents=None, chinese=True),
    "accents": dict(lowercase=True, strip_accents=False, chinese=True),
    "stripped": dict(lowercase=False, strip_accents=True, chinese=True),
    "unspaced": dict(lowercase=True, strip_accents=None, chinese=False),
}

PROSE = [
    "The quick brown fox jumps over the lazy dog, and nobody is surprised.",
    "We measured 3.14159 litres (about 0.83 gallons) at 20°C; it's fine.",
    "Don't e-mail me at someone@example.org -- call instead!",
    "A naïve café façade: crème brûlée, jalapeño, smörgåsbord, Ångström.",
    "Der Straßenname heißt Größe, die Füße ÄÖÜ äöü ẞ.",
    "Où est l'œuvre ? À côté du garçon, là-bas…",
    "El niño comió ñoquis en São Paulo; ¿verdad? ¡Sí!",
    "Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "Zażółć gęślą jaźń, Łódź i Święty Krzyż.",
    "İstanbul'da ılık bir akşam, IĞDIR ve ığdır.",
    "Đây là tiếng Việt: ắ ằ ẳ ẵ ặ, ƯƠ ươ.",
    "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "Ёлка и Йод: щука, чай; ЩУКА, ЧАЙ.",
    "Їжак їсть ґроно, бо є їжа.",
    "Η γρήγορη αλεπού πηδάει, ΣΟΦΟΣ σοφός ΣΑΣ.",
    "Ἐν ἀρχῇ ἦν ὁ λόγος, καὶ ὁ λόγος.",
    "الثعلب البني السريع يقفز فوق الكلب الكسول.",
    "مَرْحَبًا بِالعَالَمِ، كَيْفَ حَالُكَ؟",
    "השועל החום המהיר קופץ מעל הכלב העצלן.",
    "שָׁלוֹם עוֹלָם, מַה נִּשְׁמַע?",
    "敏捷的棕色狐狸跳过了懒狗。",
    "我喜欢喝茶，但是今天喝咖啡2杯。",
    "酒店环境不错，房间很干净！服务态度好。",
    "素早い茶色の狐は、のろまな犬を飛び越えます。",
    "東京タワーへ行きました。カタカナとひらがな、ガギグゲゴ。",
    "빠른 갈색 여우가 게으른 개를 뛰어넘는다.",
    "한국어 문장입니다. 가각간",
    "तेज़ भूरी लोमड़ी आलसी कुत्ते के ऊपर कूदती है।",
    "नमस्ते दुनिया, आप कैसे हैं?",
    "สุนัขจิ้งจอกสีน้ำตาลกระโดดข้ามหมาขี้เกียจ",
    "ภาษาไทย ไม่มีช่องว่าง ๑๒๓",
    "ქართული ენა და დამწერლობა",
    "Հայերեն լեզուն գեղեցիկ է։",
    "ቋንቋ አማርኛ ነው።",
    "বাংলা ভাষা খুব সুন্দর।",
    "தமிழ் மொழி இனிமையானது.",
]

TRAPS = [
    "", " ", "\t", "\n", "\r\n", "   spaced   out   ",
    "tab\tbetween\twords", "line\nfeed", "carriage\r\nreturn", "lone\rreturn", "vertical\x0btab", "form\x0cfeed",
    "no\u00a0break\u00a0space", "ideographic\u3000space", "thin\u2009space", "en\u2000quad\u2001em", "line\u2028separator",
    "paragraph\u2029separator", "next\u0085line", "ogham\u1680space", "narrow\u202fspace", "zero\u200bwidth\u200bspace",
    "zero\u200dwidth\u200djoiner", "zero\u200cnon\u200cjoiner", "word\u2060joiner", "soft\u00adhyphen", "\ufeffmark at front",
    "mark \ufeff inside", "bell\x07 and\x01control\x1f", "delete\x7fkey", "c1\x80control\x9f", "replacement\ufffdcharacter",
    "private\ue000use", "left\u200eright\u200fmarks", "\u202abidi\u202c \u2066isolates\u2069", "noncharacter\uffff\ufffe",
    "unassigned\u0378point", "tag\U000e0041s", "variation\ufe0fselector", "☺\ufe0f ☺\ufe0e",
    "[SEP]", "[CLS] at front", "end [SEP]", "a[SEP]b", "[MASK][MASK]", "[ SEP ]", "[sep]", "[Sep]", "[[SEP]]", "[SEP", "SEP]",
    "[UNK] and [PAD]", "é[SEP]é", "[SEP]\u0301", "x\u0301[MASK]\u0301y", "the [MASK] sat", "[MASK].", "##ing", "a##b", "##",
    "a" * 99, "a" * 100, "a" * 101, "a" * 250, "é" * 100, "é" * 101, "e\u0301" * 100, "e\u0301" * 101, "字" * 120, "ａ" * 101,
    "thequickbrownfoxjumpsoverthelazydog", "unaffable", "antidisestablishmentarianism", "xqzxqzxqz", "qqqq", "Qqqq",
    "$100", "€100", "£5 ¥7 ¢9", "a+b=c", "a<b>c", "x^2", "`code`", "a|b", "~tilde~", "50%", "#tag @name", "C++ C# .NET",
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "snake_case_name", "\\n \\t", "…", "“quoted” ‘text’ «guillemets»", "—–‒―", "¡¿", "§¶†‡•",
    "‰‱′″", "、。〈〉《》「」", "！＂＃＄％＆＇（）＊＋", "；：？＠［＼］＾＿｀｛｜｝～", "·×÷±¬", "№™®©", "½⅓¼", "²³¹", "ⅣⅨⅻ",
    "≠≮≯∄∉", "∀x∈ℝ: ⌈x⌉ = −⌊−x⌋", "ﬁ ﬂ ﬀ ﬃ ﬄ ﬅ", "ǆ Ǆ ǅ Ǳ", "ß ẞ SS", "ſ long s", "K Å Ω kelvin", "\u037e greek question", "\u0387 ano",
    "\u1fef varia", "\u2126hm", "İ", "I\u0307", "i\u0307", "ıI", "ŉ", "ΐ ΰ", "Ϋ́", "ᾳ ᾼ ῼ", "Σ Σας ΣΑΣ", "ᏣᎳᎩ ꮳꮃꭹ", "𐐀𐐁 𐐨", "Ა ა",
    "e\u0301", "é", "E\u0301", "o\u0308\u0304", "a\u0323\u0301", "a\u0301\u0323", "q\u0307\u0323", "ṩ", "s\u0323\u0307", "s\u0307\u0323",
    "\u0301alone", "a \u0301 b", "\u0301", "Zalgo: h̸̡̪̯ͨ͊̽̅e", "가", "\u1100\u1161", "각\u11a8", "ｶﾞ", "が", "か\u3099", "ガ",
    "क़", "क\u093c", "नि", "ก็", "ก\u0e33", "ລ\u0eb3", "\u0f71\u0f72", "\u302e\u302f", "a\u302e\u0301", "\U0001d15e", "\U0001d165\U0001d16e",
    "豈更車", "\ufa0e\ufa0f", "\U0002f800\U0002fa1d", "\U00020000\U0002a6d6", "\U0002a700", "\U0002b740", "\U0002b81d", "\U0002b820", "\U0002b8ff",
    "\U0002b920", "\U0002ceb0", "\U00030000", "\u3400\u4dbf", "\u4dc0", "\u9fff\ua000", "〇", "々〆", "㐀中文English混合123", "中a文b", "a中", "中,", "㊗㊙",
    "😀", "a😀b", "😀😃", "👨‍👩‍👧‍👦", "🇩🇪", "👍🏽", "❤️", "1️⃣", "🤷‍♀️", "🫠", "🪿", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "𝟙𝟚𝟛", "ａｂｃ ＡＢＣ １２３", "ⓐⒷ", "㎏ ㎡", "℡ ℃",
    "\u061d arabic end", "\u09fd", "\u0a76", "\u166d", "\u1734", "\u1b7d", "\u2e43", "\u2e52\u2e53", "\u11c4", "\U000111c9", "\U00011660", "\U0001e95e",
    "a\u0898b", "a\u08d3b", "a\u1ac0b", "a\u1dfbb", "a\ua8ffb", "a\U00010f46b", "a\U0001e944b", "a\u0890b", "a\u08e2b", "a\U000110cdb", "a\U00013430b",
    "०१२ ٠١٢ ۰۱۲ ०", "٪ ؟ ، ؛", "־ ׀ ׃", "। ॥", "๏ ๚ ๛", "། ༎", "። ፣", "‧ ‿ ⁀ ⁔", "﹏ ﹫ ﹪", "⸮⸘", "⟨⟩⟦⟧", "⦅⦆",
]


def training_texts():
    words = " ".join(PROSE).split()
    return PROSE + TRAPS + words * 3


def train_vocabulary():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(True, True, None, True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=1100, special_tokens=SPECIALS, show_progress=False)
    tokenizer.train_from_iterator(training_texts(), trainer)
    learnt = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    words = [word for word, _ in learnt]
    # Some capital and accented ones, so that the cased modes find more than unknown words; and rare letters left out.
    words += [w for w in ["The", "café", "##é", "é", "É", "Straße", "##ße", "İ", "i̇", "Ё", "Σ", "E", "##E", "ガ", "가", "##각"] if w not in words]
    rare = set("qžẞ🫠")
    return SPECIALS + [w for w in words if w not in SPECIALS and not (len(w.replace("##", "")) == 1 and w[-1] in rare)]


def make(vocabulary, lowercase, strip_accents, chinese):
    ids = {word: i for i, word in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=chinese, strip_accents=strip_accents, lowercase=lowercase
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens([AddedToken(s, normalized=False, special=True) for s in SPECIALS])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])],
    )
    return tokenizer


def byte_offsets(encoding, text, pair):
    """Character offsets to byte offsets; special tokens of the template get [-1, -1]."""
    starts = []
    for piece in (text, pair or ""):
        at = [0]
        for character in piece:
            at.append(at[-1] + len(character.encode()))
        starts.append(at)
    out = []
    for (begin, end), sequence in zip(encoding.offsets, encoding.sequence_ids):
        out.append([-1, -1] if sequence is None else [starts[sequence][begin], starts[sequence][end]])
    return out


def case(tokenizer, mode, text, pair=None, max_length=0):
    tokenizer.no_truncation()
    if max_length:
        tokenizer.enable_truncation(max_length, strategy="longest_first")
    encoding = tokenizer.encode(text, pair)
    record = {"mode": mode, "text": text}
    if pair is not None:
        record["pair"] = pair
    if max_length:
        record["max_length"] = max_length
    record["ids"] = encoding.ids
    record["types"] = encoding.type_ids
    record["offsets"] = byte_offsets(encoding, text, pair)
    return record


def mixed_lines(n, rng):
    """Lines that put pieces of everything side by side."""
    pieces = [w for line in PROSE for w in line.split()] + [t for t in TRAPS if 0 < len(t) < 40]
    glue = ["", " ", " ", "  ", "-", "'", "\u00a0", "\u200d", "\u0301", ",", "\t", "[MASK]", "中"]
    lines = []
    for _ in range(n):
        line = ""
        for _ in range(rng.randint(2, 7)):
            line += rng.choice(pieces) + rng.choice(glue)
        lines.append(line)
    return lines


def write_cases(vocabulary):
    rng = random.Random(20)
    made = {mode: make(vocabulary, **settings) for mode, settings in MODES.items()}
    lines = PROSE + TRAPS + mixed_lines(240, rng)
    records = [case(made["uncased"], "uncased", line) for line in lines]
    for mode in ("cased", "accents", "stripped", "unspaced"):
        records += [case(made[mode], mode, line) for line in PROSE[::2] + TRAPS[40::7] + mixed_lines(12, rng)]
    for first in range(0, 12):
        for second in range(0, 12, 3):
            pair = [" ".join(PROSE[:1] * 2).split()[:n] for n in (first, second)]
            for max_length in (4, 7, 8, 11):
                records.append(case(made["uncased"], "uncased", " ".join(pair[0]), " ".join(pair[1]), max_length))
    for _ in range(40):
        text, pair = rng.choice(PROSE), rng.choice(PROSE)
        records.append(case(made["uncased"], "uncased", text, pair, rng.choice([0, 12, 33, 64])))
        records.append(case(made["uncased"], "uncased", text, None, rng.choice([3, 5, 16])))
    with open(os.path.join(HERE, "cases.jsonl"), "w", encoding="utf-8", newline="\n") as out:
        versions = {"tokenizers": tokenizers.__version__, "python": sys.version.split()[0], "cases": len(records)}
        out.write(json.dumps({"made_with": versions}) + "\n")
        for record in records:
            out.write(json.dumps(record, ensure_ascii=True, separators=(",", ":")) + "\n")


def read_lines(path, most):
    with open(path, encoding="utf-8", newline="\n") as file:
        lines = file.read().split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    return lines[:most] if most else lines


# vocabulary, settings, file, at most so many lines
DIGESTS = [
    ("bert-base-uncased", "uncased", "data/sst2/train.tsv", 10000),
    ("bert-base-uncased", "uncased", "data/mrpc/train.tsv", 0),
    ("bert-base-uncased", "uncased", "data/wnut17/wnut17train.conll", 10000),
    ("bert-base-uncased", "uncased", "data/goemotions/train.tsv", 10000),
    ("bert-base-cased", "cased", "data/wikitext-2/test.txt", 0),
    ("bert-base-cased", "cased", "data/stsb/train.tsv", 0),
    ("bert-base-chinese", "uncased", "data/chnsenticorp/train.tsv", 0),
    ("bert-base-chinese", "uncased", "data/weibo-ner/weiboNER_2nd_conll.dev", 0),
    ("bert-base-multilingual-cased", "cased", "vocab/bert-base-multilingual-cased/vocab.txt", 0),
    ("bert-base-multilingual-cased", "uncased", "vocab/bert-base-multilingual-cased/vocab.txt", 0),
    ("bert-base-multilingual-cased", "cased", "data/goemotions/dev.tsv", 0),
]


def write_digests(shared):
    with open(os.path.join(HERE, "digests.jsonl"), "w", encoding="utf-8", newline="\n") as out:
        for name, mode, path, most in DIGESTS:
            vocabulary = read_lines(os.path.join(shared, "vocab", name, "vocab.txt"), 0)
            tokenizer = make(vocabulary, **MODES[mode])
            lines = read_lines(os.path.join(shared, path), most)
            digests = []
            for begin in range(0, len(lines), 100):
                digest = hashlib.sha256()
                for encoding in tokenizer.encode_batch(lines[begin : begin + 100]):
                    digest.update(struct.pack("<%di" % len(encoding.ids), *encoding.ids))
                digests.append(digest.hexdigest()[:16])
            record = {"vocab": name, "mode": mode, "file": path, "lines": len(lines), "digests": digests}
            out.write(json.dumps(record, separators=(",", ":")) + "\n")


def main():
    os.makedirs(HERE, exist_ok=True)
    vocabulary = train_vocabulary()
    with open(os.path.join(HERE, "vocab.txt"), "w", encoding="utf-8", newline="\n") as out:
        out.write("\n".join(vocabulary) + "\n")
    write_cases(vocabulary)
    shared = sys.argv[1] if len(sys.argv) > 1 else os.path.join("..", "shared")
    if os.path.isdir(os.path.join(shared, "vocab")):
        write_digests(shared)
    else:
        print("no", shared, "- digests.jsonl stays as it is")


if __name__ == "__main__":
    main()
