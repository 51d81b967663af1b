"""What TradingView calls the properties of a strategy's test, and what a run makes of them."""

import re
from collections.abc import Mapping

from hewston.pipeline.parity.readers.vocabulary import plain

_NAMES: Mapping[str, str] = {
    "trading_range": "trading range|handelsbereich|handelszeitraum|rango de operaciones",
    "backtesting_range": "backtesting range|backtesting-bereich|backtesting-zeitraum",
    "symbol": "symbol|símbolo|symbole|simbolo|sembol|символ|инструмент|シンボル|銘柄|商品|商品代碼|종목|심볼",
    "timeframe": (
        "timeframe|time frame|zeitrahmen|zeitintervall|intervall|temporalidad|marco temporal|"
        "intervalo|unité de temps|intervalle|timeframe grafico|período|zaman aralığı|zaman dilimi|"
        "таймфрейм|интервал|interwał|時間足|タイムフレーム|時間週期|时间周期|타임프레임"
    ),
    "chart_type": "chart type|charttyp|chart-typ|tipo de gráfico|type de graphique|grafik türü|тип графика|圖表類型|图表类型|チャートタイプ",
    "point_value": (
        "point value|punktwert|valor del punto|valeur du point|valore del punto|valor do ponto|"
        "puan değeri|цена пункта|стоимость пункта|wartość punktu|ポイント値|點值|点值|포인트 값"
    ),
    "currency": "currency|währung|divisa|moneda|devise|valuta|moeda|para birimi|валюта|waluta|通貨|貨幣|货币|통화",
    "tick_size": "tick size|tickgröße|tick-größe|tamaño del tick|taille du tick|размер тика|ティックサイズ|tick大小",
    "precision": "precision|präzision|genauigkeit|precisión|précision|точность",
    "bar_magnifier": (
        "use bar magnifier|using bar magnifier|bar magnifier|fill orders using bar magnifier|"
        "bar-lupe verwenden|kerzen-lupe verwenden|бар-лупа"
    ),
    "initial_capital": (
        "initial capital|anfangskapital|startkapital|capital inicial|capital initial|"
        "capitale iniziale|başlangıç sermayesi|начальный капитал|исходный капитал|"
        "kapitał początkowy|初期資金|初始資金|初始资金|초기 자본"
    ),
    "order_size": (
        "order size|ordergröße|orderumfang|tamaño de la orden|tamaño de orden|taille de l'ordre|"
        "dimensione ordine|tamanho da ordem|emir büyüklüğü|emir boyutu|размер ордера|размер заявки|"
        "wielkość zlecenia|発注サイズ|注文サイズ|訂單大小|訂單規模|订单大小|주문 크기"
    ),
    "pyramiding": "pyramiding|piramidación|pyramidage|piramidazione|piramidação|piramitleme|пирамидинг|piramidowanie|ピラミッディング|金字塔式|金字塔|피라미딩",
    "commission": "commission|kommission|provision|comisión|commissione|comissão|komisyon|комиссия|prowizja|手数料|手續費|佣金|手续费|수수료",
    "slippage": "slippage|deslizamiento|glissement|derrapagem|kayma|проскальзывание|poślizg|スリッページ|滑點|滑点|滑價|슬리피지",
    "verify_limit_ticks": "verify price for limit orders|price for limit orders verification",
    "margin_long": "margin for long positions|long margin|marge für long-positionen",
    "margin_short": "margin for short positions|short margin|marge für short-positionen",
    "on_order_filled": "recalculate after order is filled|after order is filled",
    "on_every_tick": "recalculate on every tick|on every tick",
    "on_bar_close": "fill orders on bar close|on bar close",
    "standard_ohlc": "fill orders using standard ohlc|using standard ohlc",
}
_KEY_OF = {plain(name): key for key, names in _NAMES.items() for name in names.split("|")}
_NUMBER = re.compile(r"[-+]?\d[\d.,\u00a0\u202f' ]*")
_GROUPED_BY_COMMA = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+")
_GROUPED_BY_POINT = re.compile(r"[-+]?[1-9]\d{0,2}(\.\d{3})+")
_LENGTH = re.compile(r"(\d+)?\s*([^\d\s]+)?\s*(\d+)?")
_INTERVALS = {
    60: "1m", 120: "2m", 180: "3m", 300: "5m", 600: "10m", 900: "15m", 1200: "20m", 1800: "30m",
    3600: "1h", 7200: "2h", 10800: "3h", 14400: "4h", 21600: "6h", 28800: "8h", 43200: "12h",
    86400: "1d", 604800: "1w",
}  # fmt: skip
_MONTHS = (
    *("month", "monat", "mes", "mois", "mese", "mês", "ay", "месяц", "月", "個月", "个月", "か月"),
    *("ヶ月", "개월"),
)
_UNITS: Mapping[int, tuple[str, ...]] = {
    604800: ("w", "week", "woche", "semana", "semaine", "settiman", "hafta", "недел", "週", "周"),
    86400: (
        "d",
        "day",
        "tag",
        "día",
        "jour",
        "giorn",
        "dia",
        "gün",
        "день",
        "дн",
        "日",
        "天",
        "일",
    ),
    3600: (
        "h",
        "hour",
        "stunde",
        "hora",
        "heure",
        "ora",
        "ore",
        "saat",
        "час",
        "時",
        "小時",
        "小时",
        "시간",
    ),
    60: ("min", "m", "dakika", "мин", "分", "분", "phút"),
    1: ("s", "sec", "sek", "seg", "saniye", "сек", "秒", "초"),
}
_PERIODS = {
    *("intervall", "intervalo", "intervalle", "período", "интервал", "interwał", "zaman aralığı"),
}
_CONTRACTS = (
    *("contract", "kontrakt", "contrato", "contrat", "kontrat", "контракт", "合約", "合约", "契約"),
    *("枚", "계약"),
)
_PERCENT = 100.0
_BPS_A_PERCENT = 100.0


def key_of_property(label: str, text: str = "") -> str | None:
    """Give the key of a property's name; None for an input of the strategy.

    A bare number, as an average has it, is no timeframe where the word means a period as well.
    """
    known = plain(label)
    if known in _PERIODS and text.strip().isdecimal():
        return None
    return _KEY_OF.get(known)


def find_interval(text: str) -> str | None:
    """Read a timeframe: ``15 minutes``, ``1 Tag``, ``4h``, ``240``, ``1D``; None if not known."""
    folded = text.strip()
    if folded.isdecimal() and len(folded) < 6:  # noqa: PLR2004
        return _INTERVALS.get(int(folded) * 60)
    if re.fullmatch(r"1?M", folded):
        return "1mo"
    match = _LENGTH.fullmatch(folded.casefold())
    if match is None or not match[2]:
        return None
    count, word = int((match[1] or match[3] or "1")[:6]), match[2]
    if word.startswith(_MONTHS) and count == 1:
        return "1mo"
    for seconds, words in _UNITS.items():
        if any(word == one or (len(one) > 1 and word.startswith(one)) for one in words) or (
            not word.isascii() and word.startswith(words)
        ):
            return _INTERVALS.get(count * seconds)
    return None


def prefill(found: Mapping[str, object]) -> dict[str, object]:
    """Give what a run can be filled with, by the names of its options; what is unclear is left out.

    ``starting_cash``; ``fill_clock`` where orders fill at a bar's close; ``multiplier``; ``slippage_ticks``; ``fees_bps`` for a commission in
    percent, ``fee_per_unit`` for one of money a contract; ``sizing`` (``fixed``,
    ``percent_of_equity``, ``fixed_cash``) and ``size``.
    """
    run: dict[str, object] = {}
    for key, name in (
        ("initial_capital", "starting_cash"),
        ("point_value", "multiplier"),
        ("slippage", "slippage_ticks"),
    ):
        number = number_of(found.get(key), is_large=key == "initial_capital")
        if number is not None:
            run[name] = number
    if found.get("on_bar_close") is True:
        run["fill_clock"] = "close"
    run |= _fees(found.get("commission"))
    run |= _sizing(found.get("order_size"))
    return run


def _fees(commission: object) -> dict[str, object]:
    number = number_of(commission)
    if number is None:
        return {}
    text = str(commission).casefold()
    if number == 0:
        return {"fees_bps": 0.0, "fee_per_unit": 0.0}
    if "%" in text:
        return {"fees_bps": round(number * _BPS_A_PERCENT, 10), "fee_per_unit": 0.0}
    if any(word in text for word in _CONTRACTS):
        return {"fees_bps": 0.0, "fee_per_unit": number}
    return {}


def _sizing(size: object) -> dict[str, object]:
    number = number_of(size)
    if number is None:
        return {}
    text = str(size).casefold()
    if "%" in text:
        return {"sizing": "percent_of_equity", "size": number}
    if re.search(r"\b[a-z]{3,5}$", text) and not re.search("contr|kontr|share|lot|unit|qty", text):
        return {"sizing": "fixed_cash", "size": number}
    return {"sizing": "fixed", "size": number}


def number_of(value: object, *, is_large: bool = False) -> float | None:
    """Read the one number of a text such as ``1,000,000 USD`` or ``0,1%``; None where there is none.

    A comma before three digits parts thousands. So does a point where ``is_large`` says that a
    number of money is meant: 1.000 EUR.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    match = _NUMBER.search(str(value or ""))
    if match is None:
        return None
    digits = re.sub(r"[^\d.,+-]", "", match[0]).rstrip(".,")
    mark = _decimal_mark(digits, is_large=is_large)
    other = "," if mark == "." else "."
    return float(digits.replace(other, "").replace(mark, "."))


def _decimal_mark(digits: str, *, is_large: bool) -> str:
    if "." in digits and "," in digits:
        return "." if digits.rfind(".") > digits.rfind(",") else ","
    if _GROUPED_BY_COMMA.fullmatch(digits):
        return "."
    if digits.count(".") > 1 or (is_large and _GROUPED_BY_POINT.fullmatch(digits)):
        return ","
    return "," if digits.count(",") == 1 else "."
