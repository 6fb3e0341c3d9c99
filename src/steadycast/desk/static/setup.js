// What the forms of the first run and the settings do besides: all of it works without this file too.
document.documentElement.classList.add("has-script");

// The browser knows the zone of the person; a machine often says UTC.
for (const field of document.querySelectorAll("input[data-guess]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && field.value === "UTC" && field.list?.querySelector(`option[value="${CSS.escape(zone)}"]`)) field.value = zone;
}

// An example fills its field, and the slots follow.
document.addEventListener("click", (event) => {
  const chip = event.target.closest("button[data-fill]");
  if (!chip) return;
  event.preventDefault();
  const field = document.getElementById(chip.dataset.fill);
  field.value = chip.value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
});
