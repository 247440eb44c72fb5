// @ts-check
// Coming in: by the link, whose token is taken out of the address at once, or by what a reload finds.

const UNREACHED = "The room cannot be reached.";

/** @param {string} known what answers to those who came in before @param {string} otherwise what others are told
 * @returns {Promise<string>} why not, or nothing */
export async function enter(known, otherwise) {
  const token = location.hash.slice(1);
  if (!token) {
    const answer = await fetch(known, { cache: "no-store" }).catch(() => null);
    if (answer?.ok) return "";
    return answer ? otherwise : UNREACHED;
  }
  history.replaceState(null, "", location.pathname); // the token stays in no history and no picture of the screen
  const asked = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token }) };
  const answer = await fetch("join", asked).catch(() => null);
  if (answer?.ok) return "";
  const said = await answer?.json().catch(() => null);
  return said?.why ?? UNREACHED;
}
