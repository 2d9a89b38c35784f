using System.Collections.Immutable;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>
/// Checks what the kernels, which do not check bounds, rely on: no buffer leaves the arena, no two that live at the same time overlap
/// unless one takes the other's place on purpose, weights are read by a kernel of the form in which they are stored,
/// and what stands in them leads nowhere else. A failure is a
/// defect of the planner or of a lowering, never of the user's model.
/// </summary>
internal static class PlanVerifier
{
    /// <summary>Verifies the memory of a lowered model.</summary>
    /// <exception cref="InvalidOperationException">The plan is wrong.</exception>
    public static void Verify(LoweredModel model)
    {
        foreach (PlanBuffer buffer in model.Buffers)
            Require(buffer.Offset >= 0 && (long)buffer.Offset + buffer.Bytes <= model.ArenaBytes,
                $"buffer '{buffer.Name}' leaves the arena");
        foreach (PlanOutput output in model.Outputs)
            RequireInside(model, output.OnnxName, output.Offset, (long)output.Length * output.Type.Size());
        foreach (PlanState state in model.States)
            RequireInside(model, state.OutputName, state.Offset, (long)state.Length * state.Type.Size());
        foreach ((int line, PlanStep step) in PlanSteps.Numbered(model.Steps))
        {
            if (step is not PlanLoop loop)
                continue;
            if (HalfInside(model.Buffers, line, line + loop.Lines - 1) is { } buffer)
                throw new InvalidOperationException($"buffer '{buffer.Name}' is in use during a part of the loop '{loop.Node}' only");
        }
        ILookup<string, string> called = model.Calls.ToLookup(s => s.Node, s => s.Kernel, StringComparer.Ordinal);
        foreach (WeightSection section in model.Sections)
        {
            ImmutableArray<string> kernels = section.Storage.Kernels(section.Shape.Order);
            Require(section.Offset >= 0 && (long)section.Offset + section.Bytes <= model.Weights.Length,
                $"the weights of '{section.Node}' leave the blob");
            Require(called[section.Node].Any(k => kernels.Contains(k)),
                $"no kernel for {section.Storage.Name} reads the weights of '{section.Node}'");
            string? fault = section.Storage.Fault(section.Shape, model.Weights.AsSpan(section.Offset, section.Bytes));
            Require(fault is null, $"the weights of '{section.Node}' are packed wrongly: {fault}");
        }
        foreach ((PlanBuffer first, PlanBuffer second) in Overlaps(model.Buffers))
            throw new InvalidOperationException($"buffers '{first.Name}' and '{second.Name}' overlap while both are in use");
    }

    /// <summary>All pairs of buffers that overlap in place and time without sharing on purpose.</summary>
    public static IEnumerable<(PlanBuffer First, PlanBuffer Second)> Overlaps(IReadOnlyList<PlanBuffer> buffers)
    {
        // In order of time, each with those that began before it and have not ended.
        var alive = new List<int>();
        var found = new List<(int First, int Second)>();
        foreach (int j in Enumerable.Range(0, buffers.Count).OrderBy(i => buffers[i].FirstStep))
        {
            PlanBuffer b = buffers[j];
            alive.RemoveAll(i => buffers[i].LastStep < b.FirstStep);
            foreach (int i in alive)
            {
                PlanBuffer a = buffers[i];
                if (a.Offset < b.Offset + b.Bytes && b.Offset < a.Offset + a.Bytes && !SharesOnPurpose(a, b))
                    found.Add((Math.Min(i, j), Math.Max(i, j)));
            }
            alive.Add(j);
        }
        return found.Order().Select(p => (buffers[p.First], buffers[p.Second]));
    }

    /// <summary>
    /// A buffer that lives inside and outside of a loop, but not during all of it, so that a later trip would find it overwritten; null
    /// where there is none.
    /// </summary>
    /// <param name="buffers">The buffers.</param>
    /// <param name="first">The loop's first line.</param>
    /// <param name="last">Its last line.</param>
    public static PlanBuffer? HalfInside(IReadOnlyList<PlanBuffer> buffers, int first, int last) => buffers.FirstOrDefault(b =>
        b.FirstStep <= last && first <= b.LastStep
        && !(first < b.FirstStep && b.LastStep < last) && !(b.FirstStep <= first && last <= b.LastStep));

    // The one that takes over begins at the step at which the other ends.
    private static bool SharesOnPurpose(PlanBuffer a, PlanBuffer b)
    {
        string Group(PlanBuffer buffer) => buffer.SharesWith.Length > 0 ? buffer.SharesWith : buffer.Name;
        return Group(a) == Group(b) && a.Offset == b.Offset && (a.LastStep == b.FirstStep || b.LastStep == a.FirstStep);
    }

    private static void RequireInside(LoweredModel model, string output, int offset, long bytes) =>
        Require(offset >= 0 && offset + bytes <= model.ArenaBytes, $"output '{output}' leaves the arena");

    private static void Require(bool condition, string message)
    {
        if (!condition)
            throw new InvalidOperationException(message);
    }
}
