"""What TradingView calls its figures of performance."""

from collections.abc import Mapping

from hewston.pipeline.parity.readers.vocabulary import plain

_NAMES: Mapping[str, str] = {
    "net_profit": "net profit|net p&l|net pnl|total p&l|total pnl|nettogewinn|g&v netto|beneficio neto|bénéfice net|profitto netto|lucro líquido|net kâr|чистая прибыль|純利益|淨利|净利润|순이익",
    "gross_profit": "gross profit|bruttogewinn|beneficio bruto|bénéfice brut|profitto lordo|lucro bruto|brüt kâr|валовая прибыль|総利益|毛利|毛利润|총이익",
    "gross_loss": "gross loss|bruttoverlust|pérdida bruta|perte brute|perdita lorda|perda bruta|brüt zarar|валовый убыток|総損失|毛損|毛亏损|총손실",
    "commission_paid": "commission paid|bezahlte kommission|gezahlte kommission|comisión pagada|commission payée|ödenen komisyon|уплаченная комиссия|支払手数料|已付手續費",
    "total_trades": "total trades|total closed trades|geschlossene trades gesamt|trades insgesamt|trades gesamt|total de operaciones|total des trades|toplam işlem|всего сделок|総トレード数|總交易量|总交易量",
    "open_trades": "total open trades|offene trades gesamt|offene trades insgesamt",
    "winning_trades": "winning trades|number winning trades|gewinntrades|anzahl gewinntrades|operaciones ganadoras|прибыльные сделки|勝ちトレード数|獲利交易",
    "losing_trades": "losing trades|number losing trades|verlusttrades|anzahl verlusttrades|operaciones perdedoras|убыточные сделки|負けトレード数|虧損交易",
    "even_trades": "even trades|breakeven trades|break-even trades",
    "percent_profitable": "percent profitable|profitable trades|prozent profitabel|profitabel in prozent|porcentaje rentable|процент прибыльных|勝率|勝率 (%)|獲利百分比",
    "avg_trade": "avg trade|avg p&l|avg pnl|average trade|average p&l|ø trade|durchschn. trade|durchschn. g&v",
    "avg_winning_trade": "avg winning trade|average winning trade|durchschn. gewinntrade|ø gewinntrade",
    "avg_losing_trade": "avg losing trade|average losing trade|durchschn. verlusttrade|ø verlusttrade",
    "avg_ratio": "ratio avg win / avg loss|ratio avg win/avg loss|ratio avg. win / avg. loss|verhältnis ø gewinn / ø verlust",
    "largest_winning_trade": "largest winning trade|größter gewinntrade",
    "largest_losing_trade": "largest losing trade|größter verlusttrade",
    "profit_factor": "profit factor|profitfaktor|gewinnfaktor|factor de ganancias|facteur de profit|fattore di profitto|fator de lucro|kâr faktörü|профит-фактор|プロフィットファクター|獲利因子|盈利因子|수익 지수",
    "max_drawdown_closed": "max equity drawdown (close-to-close)|max drawdown (close-to-close)",
}
_KEY_OF = {plain(name): key for key, names in _NAMES.items() for name in names.split("|")}


def key_of(label: str) -> str | None:
    """Give the key of a figure by its label; None for one that is not derived from trades."""
    return _KEY_OF.get(plain(label))
