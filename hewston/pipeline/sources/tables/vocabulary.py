"""What the columns of a table are called, in the languages and by the vendors that people have."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal, get_args

Role = Literal[
    "time",
    "close_time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote_volume",
    "trade_count",
    "vwap",
    "buy_volume",
    "sell_volume",
    "symbol",
    "period",
    "other",
]
ROLES: tuple[str, ...] = get_args(Role)
PRICES: tuple[Role, ...] = ("open", "high", "low", "close")

# A word's strength says which of two columns of one role is taken: 2 says exactly that, 1 may say
# something else too.
_WORDS: dict[Role, dict[int, str]] = {
    "time": {
        2: """
            date|time|datetime|date time|timestamp|time stamp|unix|unix timestamp|unixtime
            unix time|open time|opentime|time open|bar time|bartime|start time|starttime|start
            period start|time period start|candle time|ts|ts event|t|gmt time|local time|utc
            utc time|utc date|date utc|time utc|date gmt|epoch|dates|day|trade date|tradedate
            trading date|trading day|tradingday|trade time|time left|begin|window start
            kline open time|candle begin time|candle begin time gmt8|datetime utc|event time
            quote date|business date|price date|datum|datum uhrzeit|datum zeit|datum und uhrzeit
            datum und zeit|uhrzeit|zeit|zeitpunkt|zeitstempel|tag|handelstag|fecha|fecha hora
            fecha y hora|hora|data|data ora|data e ora|data hora|ora|date heure|date et heure
            heure|jour|seance|date seance|дата|время|дата и время|дата время|дата торгов|godzina
            czas|data i czas|tarih|saat|tarih saat|datum tid|tid|dato|klokkeslett|paivamaara
            paiva|aika|tijd|datum tijd|datum en tijd|cas|datum cas|idopont|ido|nap|日期|时间
            時間|日付|日時|日付時刻|時刻|交易日期|交易时间|交易時間|日期时间|年月日|成交日期
            날짜|일자|일시|시간|날짜시간|거래일|거래일자|기준일|ngay|thoi gian|ngay thang
            ngay gio|tanggal|waktu|tanggal waktu|תאריך|שעה|التاريخ|تاريخ|الوقت|ημερομηνια|ωρα
            วันที่|เวลา|तारीख|dtyyyymmdd|yyyymmdd|date d m y|vreme|mase|masa|tarikh
            日付け|データ日付|วันเดือนปี|exchange date|mts|candle date time utc|session date
            bar date
        """,
        1: """
            id|index|period end|period ending|timestamp ms|timestamp s|time ms
            candle date time kst
        """,
    },
    "close_time": {
        2: """
            close time|closetime|time close|end time|endtime|period end|time period end|end
            kline close time|window end|candle end time
        """,
    },
    "open": {
        2: """
            open|o|open price|openprice|opening|opening price|openp|price open|px open|first
            first price|mid o|open mid|bidopen|bid o|bid open|open bid|offnung|eroffnung
            eroffnungskurs|eroffnungspreis|erster|anfangskurs|ouverture|ouv|cours d ouverture
            premier|apertura|apert|aper|precio de apertura|prezzo apertura|abertura|abert
            preco de abertura|открытие|откр|цена открытия|открытие цена|otwarcie|kurs otwarcia
            acilis|acilis fiyati|oppning|oppningskurs|apning|abning|avaus|avauskurssi
            openingskoers|otevreni|nyito|nyitoar|deschidere|開盤|开盘|开盘价|開盤價|今开|今開
            开盘价 元|始値|寄付|始値 円|시가|시초가|mo cua|gia mo cua|pembukaan|buka
            harga pembukaan|פתיחה|שער פתיחה|افتتاح|سعر الافتتاح|الافتتاح|ανοιγμα|เปิด|ราคาเปิด
            opn|op|open val|openval|open usd|adj factor open
            eroffn|oppen|abrir|aperto|mo|الفتح|oteviraci|opens
        """,
    },
    "high": {
        2: """
            high|h|hi|high price|highprice|highest|highest price|price high|px high|max|maximum
            mid h|high mid|bidhigh|bid h|bid high|high bid|hoch|hochst|hochster|hochstkurs
            hochstpreis
            tageshoch|hochstwert|plus haut|haut|cours le plus haut|maximo|massimo|mas alto|alto
            prezzo massimo|maxima|preco maximo|максимум|макс|максимальная цена|максимальный
            высокая|najwyzszy|kurs max|yuksek|en yuksek|hogsta|hogst|hog|hoyest|hoy|hojeste|hoj
            ylin|hoogste|hoog|maximalni|max cena|legmagasabb|maxim|最高|最高价|最高價|高値
            高値 円|고가|최고가|cao nhat|cao|gia cao nhat|tertinggi|tinggi|גבוה|שער גבוה|الاعلى
            الأعلى|اعلى|أعلى|υψηλο|สูง|สูงสุด|ราคาสูงสุด|haute
            高|alta|top|maks|max price
        """,
    },
    "low": {
        2: """
            low|l|lo|low price|lowprice|lowest|lowest price|price low|px low|min|minimum|mid l
            low mid|bidlow|bid l|bid low|low bid|tief|tiefst|tiefster|tiefstkurs|tiefstpreis
            tagestief
            plus bas|bas|cours le plus bas|minimo|mas bajo|bajo|prezzo minimo|minima
            preco minimo|минимум|мин|минимальная цена|минимальный|низкая|najnizszy|kurs min
            dusuk|en dusuk|lagsta|lagst|lag|lavest|lav|laveste|alin|laagste|laag|minimalni
            min cena|legalacsonyabb|minim|最低|最低价|最低價|安値|安値 円|저가|최저가|thap nhat
            thap|gia thap nhat|terendah|rendah|נמוך|שער נמוך|الادنى|الأدنى|ادنى|أدنى|χαμηλο|ต่ำ
            ต่ำสุด|ราคาต่ำสุด|basse
            低|baixa|basso|bottom|min price
        """,
    },
    "close": {
        2: """
            close|c|cl|close price|closeprice|closing|closing price|closed|price close|px close
            close last|last close|closep|mid c|close mid|bidclose|bid c|bid close|close bid|schluss
            schlusskurs|schlusspreis|schlußkurs|cloture|clot|cours de cloture|fermeture|cierre
            precio de cierre|chiusura|prezzo chiusura|fechamento|fech|preco de fechamento
            закрытие|закр|цена закрытия|zamkniecie|kurs zamkniecia|kapanis|kapanis fiyati
            stangning|stangningskurs|slutkurs|sluttkurs|lukukurssi|paatos|paatoskurssi|slotkoers
            slot|zavreni|zaviraci|zaro|zaroar|inchidere|收盘|收盤|收盘价|收盤價|终值|終値
            終値 円|종가|dong cua|gia dong cua|penutupan|tutup|harga penutupan|סגירה|שער סגירה
            إغلاق|الإغلاق|اغلاق|سعر الإغلاق|κλεισιμο|ปิด|ราคาปิด|slut|lukke|cls
            adjusted for splits
            luk|zaverecna|uzaverka|lukket|收市|收市价|收市價
        """,
        1: """
            last|last price|lastprice|px last|latest|price|settle|settlement|settlement price
            settle price|letzter|zuletzt|letzter kurs|kurs|preis|dernier|dernier cours|cours
            prix|ultimo|ult|ultimo precio|precio|prezzo|preco|ultima|valor|последняя цена
            последняя|цена|курс|kurs pln|son|simdi|fiyat|senast|senaste|siste|sidste|laatste
            laatste koers|koers|posledni|utolso|最新|最新价|成交价|现价|取引値|現在値|현재가
            lan cuoi|gia|terakhir|harga|אחרון|شער|آخر|آخر سعر|السعر|τιμη|ล่าสุด|value
            ostatnio|viimeisin|الأخير|שער|trade price|last traded price
        """,
    },
    "volume": {
        2: """
            volume|vol|v|volumes|total volume|totalvolume|base volume|basevolume|volume base
            vol base|shares|share volume|shares traded|contracts|volume traded|traded volume
            real volume|realvolume|total traded quantity|ttl trd qnty|tottrdqty
            deliverable volume|trade volume|qty|quantity|size|volumen|handelsvolumen
            volumen stuck|stuck|stucke|umsatz stuck|gehandelte stuck|quantite|quantite echangee
            nombre de titres|titres|volumi|quantita|quantidade|cantidad|объем|объём|объем торгов
            кол во|количество|wolumen|obrot szt|hacim|islem hacmi|islem miktari|volym|antal
            maengde|omsatning antal|vaihto kpl|volymi|aantal|objem|objem ks|forgalom|forgalom db
            成交量|成交股数|成交數量|成交股數|成交量 股|成交量 手|总手|数量|出来高|出来高 株
            売買高|거래량|khoi luong|kl|kl khop lenh|khoi luong giao dich|volume perdagangan
            מחזור|נפח|حجم|الحجم|حجم التداول|ογκος|ปริมาณ|ปริมาณหุ้น|volume from|volumefrom
            vol lots|no of shares|nr of shares|volume shares
            wol|hac|交易量|stuecke|number of shares|volum|الكمية المتداولة|الكمية|objem obchodu
            candle acc trade volume
            number of shares traded|accumulated volume|volume in shares|volumen titulos|成交手
        """,
        1: """
            tick volume|tickvol|tickvolume|ticks|tick vol|umsatz|obrot|omsattning
            turnover volume|volumeto|volume to
            tickqty|tick qty|tick count
        """,
    },
    "quote_volume": {
        2: """
            quote volume|quotevolume|quote asset volume|turnover|amount|amt|trade value
            value traded|traded value|tottrdval|turnover lacs|turnover rs|total turnover
            turnover usd|net turnover|no of trades value|umsatz in eur|umsatz eur|capitaux
            montant|controvalore|efectivo|volumen eur|оборот|объем руб|成交额|成交額|成交金额
            成交金額|成交金额 元|売買代金|거래대금|omsattning sek|total traded value|notional
            money|volume quote|volume currency|gia tri|מחזור כספי
            candle acc trade price|القيمة المتداولة|القيمة|obrat|trade amount|成交值
        """,
    },
    "trade_count": {
        2: """
            trade count|tradecount|trades|number of trades|numberoftrades|no of trades
            num trades|num of trades|n trades|count|nb trades|nombre de transactions
            transactions|tradescount|trades count|no trades|numtrades|成交笔数|成交筆數
            anzahl trades|numero de trades|n|barcount|number trades|no of transactions
        """,
    },
    "vwap": {
        2: """
            vwap|weighted average price|weighted average|wap|vw|volume weighted average price
            weighted price
        """,
    },
    "buy_volume": {
        2: """
            taker buy base asset volume|taker buy base volume|taker buy volume|taker base vol
            taker buy base|takerbuybaseassetvolume|buy volume|taker buy base vol
            taker base volume|tb base av|ask volume|up volume
        """,
    },
    "sell_volume": {
        2: "sell volume|bid volume|taker sell volume|taker sell base volume|down volume",
    },
    "symbol": {
        2: """
            symbol|ticker|ts code|code|stock code|secid|instrument|pair|asset|security|contract
            symbols|symbol name|tic|ric|name|stock|currency pair|代码|证券代码|股票代码|代碼
            證券代號|名称|名稱|コード|銘柄|銘柄コード|종목|종목코드|종목명|тикер|инструмент
            simbolo|symbole|kod|walor|nazwa|product|coin|market|exchange symbol|isin
            tradingsymbol|scrip|series symbol|stocksymbol|act symbol
            instrument name|銘柄名称|ativo|shortname|证券简称|股票名称|instrument id|isin code
        """,
    },
    "period": {
        2: "per|period|timeframe|time frame|interval|resolution|granularity|таймфрейм|период|freq",
    },
}
# What looks like one of the above and is another series: an adjusted price, a change, an average.
_DECOYS = re.compile(
    r"\badj\b|adjusted|adjclose|\bchange\b|\bchg\b|\bpct\b|percent|veranderung|variation|variazione"
    r"|variacion|variacao|изм|zmiana|degisim|涨跌|涨幅|漲跌|前日比|등락|대비|振幅|换手"
    r"|open interest|openint|oi\b|\bprev|previous|\bpre close|vorkurs|vortag|dividend|split"
    r"|\baverage\b|\bavg\b|\bask|\boffer|52w|52 w|市盈|perc\b|bereinigt|rendement|前收|昨收"
    r"|전일|preclose|pre_close|\bmean\b|durchschnitt|\badj|調整|修正|前終|均价|均價|\bmid\b|\bmiddle\b"
    r"|\bbid\b|\bmedio\b|\breferen|\bltp\b|\bwaprice|marketprice|legalclose|\b[sewh]?ma\b"
    r"|\bspread\b|\bband\b|\brsi\b|\bmacd\b"
)
_FOLD = str.maketrans({"ł": "l", "ı": "i", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe"})
_TICKER = re.compile(r"(?=.*[A-Z])[A-Z0-9]{1,10}|[0-9]{4,6}|[$€£¥₹₽]")

TOTALS = re.compile(
    r"^\W*(grand total|total|totals|totale|totaal|totalt|gesamt|gesamtsumme|summe|summa|somme"
    r"|suma|soma|razem|toplam|итого|всего|合计|合計|总计|總計|小计|합계|σύνολο|average|mean|mittelwert|durchschnitt"
    r"|moyenne|media|średnia|среднее|平均|평균|jumlah|tong|tổng)\b",
    re.IGNORECASE,
)
CORPORATE_ACTION = re.compile(
    r"dividend|stock split|splits?\b|\bsplit:|ausschüttung|配当|株式分割|派息|拆股",
    re.IGNORECASE,
)
MISSING = (
    *(
        "",
        "-",
        "--",
        "---",
        "—",
        "–",
        "null",
        "nan",
        "none",
        "n/a",
        "na",
        "n.a.",
        "#n/a",
        "#na",
        "nil",
    ),
    *(
        "#n/a n/a",
        "#value!",
        "#ref!",
        "#div/0!",
        "#num!",
        "#name?",
        "\\n",
        "inf",
        "-inf",
        "nd",
        "n.d.",
    ),
    *("-nan", "nat", "missing", "...", "…", "*", "s/d", "k.a.", "н/д", "1.#qnan", "-1.#ind"),
)  # of which none is a number, whatever its case


def without_units(text: str) -> str:
    """Leave out what stands in brackets."""
    return re.sub(r"[(\[{（【].*?[)\]}）】]", " ", text)


def fold(text: str) -> str:
    """Write a header the one way that words are compared in: no case, accents, signs or units.

    What stands in brackets is a unit and left out; letters of other scripts stay as they are.
    """
    text = without_units(unicodedata.normalize("NFKC", text)).casefold()
    parts = unicodedata.normalize("NFD", text.translate(_FOLD))
    # Only accents of European letters: taken apart, Korean syllables and が would be others.
    text = unicodedata.normalize("NFC", "".join(c for c in parts if not "\u0300" <= c <= "\u036f"))
    text = re.sub(r"(?<=[a-z]{3})\d+$", "", text)
    text = "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in text)
    return " ".join(text.split())


def _build() -> dict[str, tuple[Role, int]]:
    known: dict[str, tuple[Role, int]] = {}
    for role, by_strength in _WORDS.items():
        for strength, words in by_strength.items():
            for word in re.split(r"[|\n]", words):
                if word.strip():
                    known.setdefault(fold(word.strip()), (role, strength))
    return known


_KNOWN = _build()


def look_up(header: str) -> tuple[Role, int] | None:
    """Give the role that a header names, and how exactly (2 or 1); None where it names none.

    ``other`` is the role of what must not be taken for a price, such as an adjusted close.
    """
    header = re.sub(r"^\s*\((.*)\)\s*$", r"\1", header)  # ('Close', 'AAPL')
    folded = fold(header)
    if folded in _KNOWN:
        # One letter is a name only where it stands alone, and is not left over from other signs.
        is_letter = len(folded) == 1 and folded.isascii()
        is_alone = len(re.sub(r"[\s<>\"'()\[\].*_-]", "", header)) == 1
        return _KNOWN[folded] if is_alone or not is_letter else None
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    if parted != header:  # OpeningPrice
        return look_up(parted)
    if _DECOYS.search(folded) or "%" in header:
        return "other", 2
    plain = re.sub(r"^\d+\s+", "", folded)  # as Alpha Vantage numbers them: 1. open
    if plain in _KNOWN:
        return _KNOWN[plain]
    return _look_up_part(header)


def _look_up_part(header: str) -> tuple[Role, int] | None:
    """Look a header up without the symbol or currency beside its word: Volume BTC, SPY.Close."""
    words = re.split(r"[\s._/|:,\-]+", re.sub(r"[<>\"'()\[\]]", " ", header).strip())
    words = [word for word in words if word]
    for start, end in ((0, len(words) - 1), (1, len(words)), (0, len(words) - 2), (2, len(words))):
        left_out = words[end:] + words[:start]
        word = " ".join(words[start:end])
        found = _KNOWN.get(fold(word)) if len(word) > 1 or word.isascii() else None
        is_aside = all(_TICKER.fullmatch(word) or fold(word) in _UNITS for word in left_out)
        if found and is_aside and end > start:
            role, strength = found
            return role, min(strength, 2 if role == "volume" else strength)
    return None


_UNIT_WORDS = """
    usd eur gbp jpy chf usdt btc eth in pln sek inr cny krw 円 local est edt et utc gmt cet ms s sec
    trade bar daily candle day session price prices cena ceny preis kurs cours prix precio prezzo
    preco цена курс fiyat fiyati koers pris kurssi gia harga value di de du la le il del da the of
"""
_UNITS = set(_UNIT_WORDS.split())


def is_unit(word: str) -> bool:
    """Tell whether a word beside the name of a price is a currency, a unit or such."""
    return fold(word) in _UNITS


_PARTS = (
    "year yyyy yy jahr ano annee anno rok год 年 年份",
    "month mm mon monat mes mois mese miesiac месяц 月 月份",
    "day dd dayofmonth tag dia jour giorno dzien день 日",
    "hour hh hours stunde hora heure ora godzina час 時 时 小时",
    "minute minutes mins mi minuto minuta минута 分 分钟",
    "second seconds ss sec sekunde segundo секунда 秒",
)
_PART_OF = {word: at for at, words in enumerate(_PARTS) for word in words.split()}


def part_of_time(header: str) -> int | None:
    """Tell which part of a time a header names alone: 0 the year to 5 the second; else None."""
    return _PART_OF.get(fold(header))


_ENGLISH = re.compile(r"\b(open|opening|high|highest|low|lowest|o|h|l)\b")
_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def language_of(names: Iterable[str]) -> str | None:
    """Tell what a header is written in: ``english``, ``asian`` (CJK) or ``other``; None for none.

    It tells how its people write numbers and dates, where nothing in them does.
    """
    said = [name for name in names if (look_up(name) or ("",))[0] in {"open", "high", "low"}]
    if not said:
        return None
    if any(_EAST_ASIAN.search(name) for name in said):
        return "asian"
    parted = (re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name) for name in said)
    plain = (re.sub(r"[_.]|bid|mid", " ", name.casefold()) for name in parted)
    return "english" if all(_ENGLISH.search(name) for name in plain) else "other"


def count_known(line: str) -> int:
    """Count the header words in a line of text, wherever it is divided."""
    parts = {part.strip() for part in re.split(r"[,;\t|\n]", line)}
    return sum(look_up(part) is not None for part in parts if part)
