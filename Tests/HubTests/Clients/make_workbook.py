"""Writes a workbook as people make them: titles above the header, dates as dates, formulas, gaps, a second sheet."""

import datetime
import sys

import openpyxl

book = openpyxl.Workbook()
book.active.title = "About"
book.active["A1"] = "Readings of wells"
sheet = book.create_sheet("Readings")
sheet.append(["Wells of the district"])
sheet.append([])
sheet.append(["well", "when", "level", "open", "name"])
morning = datetime.datetime(2026, 1, 31, 8, 30)
name = 'Deep, "old" well'
sheet.append(["w 1", morning, 1.25, True, name])
sheet.append(["w 1", morning + datetime.timedelta(days=1), 2.5, True, name])
sheet.append(["w 1", morning + datetime.timedelta(days=2), "#N/A", True, name])
sheet.append([None, None, None, None, None])
sheet.append(["w2", morning, None, False, "Shallow"])
book.save(sys.argv[1])
