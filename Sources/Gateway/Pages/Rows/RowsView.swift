import ContextModel

/// The page of a type, for its template.
struct RowsView {
    struct Cell { var text: String; var isNumber: Bool }
    struct Day { var level: String }
    struct Row {
        var name: String
        var id: String
        var path: String
        var cells: [Cell]
        var age: String
        var at: String
        var days: [Day]
        var daysText: String
    }
    struct Reading {
        var at: String
        var id: String
        var attribute: String
        var value: String
        var unit: String
    }
    struct Download {
        var name: String
        var path: String
        var file: String
    }
    struct Link {
        var name: String
        var path: String
    }
    struct Opened {
        var program: String
        var place: String
        var line: String
        var isFirst: Bool
    }
    struct Field {
        var name: String
        var value: String
    }

    var shell: PageShell
    var t: [String: String]
    var query: String
    var type: String
    var label: String
    /// What is wrong with what was asked; nil when nothing is.
    var problem: String?
    var filter: String
    var firstDay: String
    var lastDay: String
    var hidden: [Field]
    var count = ""
    var columns: [String] = []
    var hasRows = false
    var rows: [Row] = []
    var moreColumns: String?
    var shown: String?
    var before: String?
    var after: String?
    var hasReadings = false
    var asksForDays = false
    var readingsTitle = ""
    var noReadings = ""
    var readings: [Reading] = []
    var months: [Link] = []
    var downloads: [Download] = []
    var opened: [Opened] = []
    var needsToken = false
    var licence: Link?
    var contact: Link?
    /// The part of the API with the places of these entities; nil where they have none.
    var places: String?
    /// Says that the map shows the first of more entities; nil where it shows all.
    var shownPlaces: String?
    var tileURL = ""
    var tileAttribution = ""
    var hasMap: Bool { places != nil }
}
