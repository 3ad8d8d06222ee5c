/* Tables sort by the column whose heading is chosen: numbers as numbers, what is empty last. Without this script they are only read. */
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  if (body.rows.length < 2) continue;
  const textOf = (row, column) => row.cells[column].textContent.trim();
  const sort = (head, column) => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = Array.from(body.rows).map((row) => {
      const text = textOf(row, column);
      return { row, text, number: parseFloat(text), absent: text === "" || text === "-" };
    });
    const numeric = rows.every((r) => r.absent || /^[-+]?(\d|\.\d)/.test(r.text));
    rows.sort((a, b) => {
      if (a.absent || b.absent) return a.absent - b.absent;
      const order = numeric ? a.number - b.number : a.text.localeCompare(b.text, "en", { numeric: true });
      return down ? -order : order;
    });
    body.append(...rows.map((r) => r.row));
  };
  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(head, column));
    head.append(button);
  });
}
