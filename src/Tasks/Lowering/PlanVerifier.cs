using System.Collections.Immutable;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>
/// Checks what the kernels, which do not check bounds, rely on: no buffer leaves the arena, no two that live at the same time overlap
/// unless one takes the other's place on purpose, and weights are read by a kernel of the form in which they are stored. A failure is a
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
        {
            long bytes = (long)output.Length * output.Type.Size();
            Require(output.Offset >= 0 && output.Offset + bytes <= model.ArenaBytes, $"output '{output.OnnxName}' leaves the arena");
        }
        foreach (WeightSection section in model.Sections)
        {
            ImmutableArray<string> kernels = section.Storage.Kernels(section.Shape.Kind);
            Require(section.Offset >= 0 && (long)section.Offset + section.Bytes <= model.Weights.Length,
                $"the weights of '{section.Node}' leave the blob");
            Require(model.Steps.Any(s => s.Node == section.Node && kernels.Contains(s.Kernel)),
                $"no kernel for {section.Storage.Name} reads the weights of '{section.Node}'");
        }
        foreach ((PlanBuffer first, PlanBuffer second) in Overlaps(model.Buffers))
            throw new InvalidOperationException($"buffers '{first.Name}' and '{second.Name}' overlap while both are in use");
    }

    /// <summary>All pairs of buffers that overlap in place and time without sharing on purpose.</summary>
    public static IEnumerable<(PlanBuffer First, PlanBuffer Second)> Overlaps(IReadOnlyList<PlanBuffer> buffers)
    {
        for (int i = 0; i < buffers.Count; i++)
        {
            for (int j = i + 1; j < buffers.Count; j++)
            {
                (PlanBuffer a, PlanBuffer b) = (buffers[i], buffers[j]);
                bool inPlace = a.Offset < b.Offset + b.Bytes && b.Offset < a.Offset + a.Bytes;
                bool inTime = a.FirstStep <= b.LastStep && b.FirstStep <= a.LastStep;
                if (inPlace && inTime && !SharesOnPurpose(a, b))
                    yield return (a, b);
            }
        }
    }

    // The one that takes over begins at the step at which the other ends.
    private static bool SharesOnPurpose(PlanBuffer a, PlanBuffer b)
    {
        string Group(PlanBuffer buffer) => buffer.SharesWith.Length > 0 ? buffer.SharesWith : buffer.Name;
        return Group(a) == Group(b) && a.Offset == b.Offset && (a.LastStep == b.FirstStep || b.LastStep == a.FirstStep);
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
            throw new InvalidOperationException(message);
    }
}
