namespace OptimizerBuild.Plan;

/// <summary>
/// Sequences of steps and their numbering. A line of the text form that is a call, or the beginning, the middle or the end of a block,
/// has the next number from 0; the lifetimes of buffers and the names of generated methods count in it.
/// </summary>
internal static class PlanSteps
{
    /// <summary>The calls in the order of the text.</summary>
    public static IEnumerable<PlanCall> CallsOf(IEnumerable<PlanStep> steps) => Numbered(steps).Select(s => s.Step).OfType<PlanCall>();

    /// <summary>How many numbers the steps take.</summary>
    public static int LinesOf(EquatableList<PlanStep> steps) => steps.Sum(s => s.Lines);

    /// <summary>Multiply-accumulates of the steps together; the greatest number where they are more.</summary>
    public static long MacsOf(EquatableList<PlanStep> steps) =>
        steps.Aggregate(0L, (sum, step) => step.Macs > long.MaxValue - sum ? long.MaxValue : sum + step.Macs);

    /// <summary>Multiply-accumulates of so many trips; the greatest number where they are more.</summary>
    public static long Times(long trips, long macs) => macs != 0 && trips > long.MaxValue / macs ? long.MaxValue : trips * macs;

    /// <summary>All steps, those in blocks among them, with their numbers: blocks before what they hold.</summary>
    public static IEnumerable<(int Line, PlanStep Step)> Numbered(IEnumerable<PlanStep> steps, int first = 0)
    {
        foreach (PlanStep step in steps)
        {
            yield return (first, step);
            foreach ((int line, EquatableList<PlanStep> body) in Bodies(step, first))
                foreach ((int, PlanStep) inner in Numbered(body, line))
                    yield return inner;
            first += step.Lines;
        }
    }

    /// <summary>The bodies of a block with the numbers of their first lines; a call has none.</summary>
    public static IEnumerable<(int Line, EquatableList<PlanStep> Body)> Bodies(PlanStep step, int line) => step switch
    {
        PlanIf branch => [(line + 1, branch.Then), (line + 2 + LinesOf(branch.Then), branch.Else)],
        PlanLoop loop => [(line + 1, loop.Body)],
        _ => [],
    };
}
