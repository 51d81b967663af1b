"""What the columns of a list of trades are called, in the languages of TradingView."""

import html
import re
import unicodedata
from collections.abc import Mapping, Sequence

_SPACE = re.compile(r"\s+")
_CURRENCY = re.compile(r"[A-Z][A-Z0-9.]{1,11}|[$€£¥₹₽₩₺₫₿]|R\$|US\$")
_NO_CURRENCY = {"NONE", "N/A"}
# Some languages put the currency right behind the name: 价格USDT.
_BEHIND = re.compile(r"(.*[^\x00-\x7f])([A-Z][A-Z0-9.]{1,11})")

# A column's names by its role; those of percentages are the same with "%" behind.
_NAMES: Mapping[str, str] = {
    "number": (
        "trade #|trade number|trade no|trade no.|trade id|trade|trade-nummer|trade-nr.|"
        "nummer des trades|handelsnummer|operación #|n.º de operación|nº de operación|"
        "número de operación|trade n°|n° de trade|numéro de trade|transaction n°|trade n.|"
        "numero trade|n. operazione|numero operazione|nº da operação|número da operação|"
        "número da negociação|negociação #|nº do trade|işlem #|işlem no|işlem numarası|сделка №|"
        "сделка #|№ сделки|номер сделки|трейд №|transakcja #|nr transakcji|numer transakcji|"
        "トレード番号|トレード #|トレードno.|取引番号|取引 #|交易 #|交易#|交易編號|交易编号|"
        "交易號碼|交易号|거래 #|거래 번호|거래번호|giao dịch #|số giao dịch|perdagangan #|"
        "nomor perdagangan|nombor dagangan|การเทรด #|صفقة #|رقم الصفقة|עסקה #|מספר עסקה"
    ),
    "type": (
        "type|typ|tipo|tür|tip|тип|タイプ|種別|類型|类型|종류|유형|타입|loại|tipe|jenis|ประเภท|"
        "النوع|סוג|art"
    ),
    "signal": (
        "signal|señal|segnale|sinal|sinyal|сигнал|sygnał|シグナル|訊號|信號|信号|讯号|신호|시그널|"
        "tín hiệu|isyarat|สัญญาณ|إشارة|الإشارة|אות"
    ),
    "time": (
        "date/time|date and time|date & time|date|datum und uhrzeit|datum/uhrzeit|datum/zeit|"
        "fecha y hora|fecha/hora|date et heure|date/heure|data e ora|data/ora|data e hora|"
        "data/hora|tarih ve saat|tarih/saat|tarih/zaman|дата и время|дата/время|data i godzina|"
        "data i czas|data/godzina|data/czas|日時|日付/時間|日付と時刻|日期/時間|日期和時間|"
        "日期與時間|日期/时间|日期和时间|날짜/시간|날짜 및 시간|날짜와 시간|ngày/giờ|ngày và giờ|"
        "ngày giờ|tanggal/waktu|tanggal dan waktu|tarikh dan masa|วันที่และเวลา|"
        "التاريخ والوقت|תאריך ושעה"
    ),
    "price": (
        "price|preis|kurs|precio|prix|prezzo|preço|fiyat|цена|cena|価格|價格|价格|가격|giá|harga|"
        "ราคา|السعر|מחיר"
    ),
    "qty": (
        "contracts|position size (qty)|size (qty)|quantity|qty|size|größe (menge)|"
        "positionsgröße (menge)|kontrakte|contratos|tamaño (cant.)|tamaño (cantidad)|"
        "tamaño de la posición (cant.)|contrats|taille (qté)|taille (quantité)|"
        "taille de la position (qté)|contratti|dimensione (qtà)|dimensione (quantità)|"
        "tamanho (qtd)|tamanho (qtd.)|tamanho (quantidade)|kontratlar|kontrat|boyut (miktar)|"
        "büyüklük (miktar)|pozisyon büyüklüğü (miktar)|контракты|размер (кол-во)|"
        "размер (количество)|размер позиции (кол-во)|размер позиции (количество)|kontrakty|"
        "wielkość (ilość)|rozmiar (ilość)|枚数|契約数|サイズ (数量)|サイズ(数量)|"
        "ポジションサイズ (数量)|合約|合約數|規模 (數量)|規模(數量)|大小(數量)|大小 (數量)|大小(数量)|大小 (数量)|倉位大小 (數量)|部位大小(數量)|"
        "合约|合约数|规模 (数量)|规模(数量)|仓位大小 (数量)|계약|계약수|크기 (수량)|사이즈 (수량)|"
        "hợp đồng|kích thước (sl)|kontrak|ukuran (qty)|ukuran (jumlah)"
    ),
    "value": (
        "position size (value)|size (value)|größe (wert)|positionsgröße (wert)|tamaño (valor)|"
        "taille (valeur)|dimensione (valore)|tamanho (valor)|boyut (değer)|büyüklük (değer)|"
        "размер (стоимость)|размер (значение)|размер позиции (значение)|wielkość (wartość)|"
        "サイズ (値)|サイズ(値)|サイズ (価値)|規模 (價值)|規模(價值)|大小(價值)|大小 (價值)|大小(价值)|大小 (价值)|大小(值)|规模 (价值)|크기 (가치)"
    ),
    "pnl": (
        "profit|net p&l|net pnl|p&l|pnl|g&v netto|netto g&v|netto-g&v|gewinn|pyg neto|p&g neto|"
        "pyg netas|beneficio|profit net|p&l net|p&l netto|g&p netto|profitto|profitto netto|"
        "lucro|l&p líquido|p&l líquido|lucro líquido|kâr|kar|net k&z|net kâr/zarar|прибыль|"
        "чистая прибыль|чистые пр/уб|чистая прибыль/убыток|zysk|zysk/strata netto|zysk netto|"
        "利益|損益|純損益|獲利|淨損益|利润|净损益|净盈亏|손익|순손익|수익|순 손익|lợi nhuận|"
        "lãi & lỗ ròng|laba|laba rugi bersih"
    ),
    "return": "return|rendite|rendimiento|rendement|rendimento|retorno|getiri|доходность|リターン",
    "commission": (
        "commission|kommission|provision|gebühr|comisión|commissione|comissão|komisyon|комиссия|"
        "prowizja|手数料|手續費|佣金|手续费|수수료|hoa hồng|phí|komisi"
    ),
    "mfe": (
        "run-up|runup|favorable excursion|favourable excursion|mfe|positive exkursion|"
        "günstige exkursion|excursión favorable|excursion favorable|escursione favorevole|"
        "excursão favorável|lehte sapma|благоприятное отклонение|順行|有利方向の変動|有利變動"
    ),
    "mae": (
        "drawdown|adverse excursion|mae|negative exkursion|ungünstige exkursion|"
        "excursión adversa|excursion défavorable|excursion adverse|escursione avversa|"
        "excursão adversa|aleyhte sapma|неблагоприятное отклонение|просадка|逆行|不利變動"
    ),
    "cumulative": (
        "cum. profit|cumulative p&l|cumulative pnl|cumulative profit|kumulativer g&v|"
        "kumulierter g&v|kum. gewinn|pyg acumulado|pyg acumuladas|p&l cumulé|profit cumulé|"
        "p&l cumulativo|g&p cumulativo|l&p acumulado|lucro acumulado|kümülatif k&z|kümülatif kâr|"
        "совокупная прибыль|совокупные пр/уб|накопленная прибыль|累積損益|累積利益|累積獲利|"
        "累计损益|累计盈亏|누적 손익|누적손익"
    ),
    "duration": "duration (bars)|duration|dauer (balken)|bars|# bars|duración (barras)",
}
_ROLE_OF = {
    unicodedata.normalize("NFKC", name).casefold(): role
    for role, names in _NAMES.items()
    for name in names.split("|")
}
REQUIRED = ("number", "type", "time", "price", "qty")

_RESULT = ("pnl", "pnl %")
_EXCURSIONS = ("mfe", "mfe %", "mae", "mae %")
_SUM = ("cumulative", "cumulative %")
_LATER = ("number", "type", "time", "signal", "price", "qty", "value")
# Whatever the language: the columns by how many there are.
POSITIONS: Mapping[int, tuple[str, ...]] = {
    14: (
        *("number", "type", "signal", "time", "price", "qty"),
        *(*_RESULT, *_SUM, *_EXCURSIONS),
    ),
    15: (*_LATER, *_RESULT, *_EXCURSIONS, *_SUM),
    17: (*_LATER, "pnl", "return %", "commission", *_EXCURSIONS, *_SUM, "duration"),
}


def plain(title: str) -> str:
    """Write a title in the one way that it is compared: no entities, no case, single spaces."""
    text = unicodedata.normalize("NFKC", html.unescape(title)).replace("\ufeff", "")
    return _SPACE.sub(" ", text).strip().casefold()


def split_title(title: str) -> tuple[str, str | None]:
    """Part a title into what it names and its unit: ``%``, a currency, or None."""
    text = _SPACE.sub(" ", unicodedata.normalize("NFKC", html.unescape(title))).strip(" \ufeff")
    if text.endswith("%"):
        return plain(text[:-1]), "%"
    if plain(text) not in _ROLE_OF and (match := _BEHIND.fullmatch(text)):
        return plain(match[1].rstrip(" ,(")), None if match[2] in _NO_CURRENCY else match[2]
    base, _, last = text.rpartition(" ")
    last = last.strip("(),")
    if base and plain(text) not in _ROLE_OF and _CURRENCY.fullmatch(last):
        return plain(base.rstrip(" ,")), None if last in _NO_CURRENCY else last
    return plain(text), None


def role_of(title: str) -> str | None:
    """Give the role that a title names; None for one that is not known."""
    base, unit = split_title(title)
    role = _ROLE_OF.get(base)
    return f"{role} %" if role and unit == "%" else role


def name_roles(titles: Sequence[str]) -> dict[str, int]:
    """Give the first column of each role that a header names."""
    found: dict[str, int] = {}
    for index, title in enumerate(titles):
        role = role_of(title)
        if role:
            found.setdefault(role, index)
    return found


def count_known(text: str) -> int:
    """Count the titles in a line that are known, however it is parted."""
    return sum(role_of(cell.strip('"')) is not None for cell in re.split(r"[,;\t|\n]", text))
