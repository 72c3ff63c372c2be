package import ContextModel

extension CivilDate {
    /// The day as `YYYY-MM-DD`.
    package var text: String { String(Timestamp(self).text.prefix(10)) }
}
