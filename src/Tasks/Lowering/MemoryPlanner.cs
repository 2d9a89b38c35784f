using OptimizerBuild.Diagnostics;

namespace OptimizerBuild.Lowering;

/// <summary>
/// Gives every buffer an offset in one arena such that no two buffers that are alive at the same time overlap: greedy by size, each
/// into the smallest gap that holds it (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020,
/// section 5, "Greedy by Size for Offset Calculation"). In-place pairs become one buffer first.
/// </summary>
internal static class MemoryPlanner
{
    /// <summary>The largest arena and the largest weights, in bytes: what 32-bit offsets address, with room for alignment and
    /// padding.</summary>
    public const int MaximumBytes = int.MaxValue - 4096;

    /// <summary>Alignment of buffers in bytes.</summary>
    public const int Alignment = 64;

    /// <summary>Plans the arena for a sequence of steps, blocks among them.</summary>
    /// <param name="buffers">All buffers, in order of creation.</param>
    /// <param name="steps">The steps in order; input buffers are written before the first one, output buffers read after the last.</param>
    /// <exception cref="ModelException">The arena would exceed <see cref="MaximumBytes"/>.</exception>
    public static MemoryPlan Plan(IReadOnlyList<ArenaBuffer> buffers, IReadOnlyList<LoweredOperation> steps)
    {
        Dictionary<ArenaBuffer, Lifetime> lifetimes = Lifetimes(buffers, steps);
        Dictionary<ArenaBuffer, ArenaBuffer> owners = MergeInPlace(lifetimes, steps);
        var regions = new SortedDictionary<int, Region>();
        foreach (ArenaBuffer buffer in buffers)
        {
            if (!lifetimes.TryGetValue(buffer, out Lifetime life))
                continue;
            ArenaBuffer owner = owners.GetValueOrDefault(buffer, buffer);
            Region region = regions.GetValueOrDefault(owner.Id) ?? new Region(owner, Aligned(owner.Bytes), lifetimes[owner]);
            regions[owner.Id] = region with { Life = region.Life.Union(life) };
        }

        (Dictionary<int, long> offsets, long peak) = Place([.. regions.Values]);
        if (peak > MaximumBytes)
            throw new ModelException(DiagnosticCatalog.MemoryOverflow, "the scratch memory", peak, MaximumBytes);
        var placed = new List<PlacedBuffer>();
        foreach (ArenaBuffer buffer in buffers)
        {
            if (!lifetimes.TryGetValue(buffer, out Lifetime life))
                continue;
            ArenaBuffer owner = owners.GetValueOrDefault(buffer, buffer);
            placed.Add(new(buffer, (int)offsets[owner.Id], life.First, life.Last, owner == buffer ? "" : owner.Name));
        }
        return new(placed, (int)peak);
    }

    /// <summary>
    /// From the first line that writes a buffer to the last that uses it, in the order of the text; the halves of a condition follow one
    /// another in it, so that they may share memory. A buffer that is in use inside and outside of a loop is so during the whole loop,
    /// whose later trips find in it what earlier ones left: values from around it, values carried from trip to trip, results.
    /// </summary>
    private static Dictionary<ArenaBuffer, Lifetime> Lifetimes(IReadOnlyList<ArenaBuffer> buffers, IReadOnlyList<LoweredOperation> steps)
    {
        var lifetimes = new Dictionary<ArenaBuffer, Lifetime>();
        foreach (ArenaBuffer buffer in buffers.Where(b => b.IsInput))
            lifetimes[buffer] = new(-1, -1);
        for (int i = 0; i < steps.Count; i++)
        {
            foreach (ArenaBuffer buffer in steps[i].Writes.Concat(steps[i].Reads))
                lifetimes[buffer] = lifetimes.TryGetValue(buffer, out Lifetime life) ? life with { Last = i } : new(i, i);
        }
        foreach (ArenaBuffer buffer in buffers.Where(b => b.IsOutput))
            if (lifetimes.TryGetValue(buffer, out Lifetime life))
                lifetimes[buffer] = life with { Last = steps.Count };
        foreach (Lifetime loop in Loops(steps))
            foreach (ArenaBuffer buffer in buffers)
                if (lifetimes.TryGetValue(buffer, out Lifetime life) && loop.Overlaps(life) && !loop.Holds(life))
                    lifetimes[buffer] = life.Union(loop);
        return lifetimes;
    }

    /// <summary>From the first to the last line of each loop, loops before those around them.</summary>
    private static IEnumerable<Lifetime> Loops(IReadOnlyList<LoweredOperation> steps)
    {
        var open = new Stack<int>();
        for (int i = 0; i < steps.Count; i++)
        {
            if (steps[i] is BlockBoundary { Kind: BlockBoundaryKind.Loop })
                open.Push(i);
            else if (steps[i] is BlockBoundary { Kind: BlockBoundaryKind.EndLoop })
                yield return new(open.Pop(), i);
        }
    }

    /// <summary>
    /// Output buffers that take over an input's place, with the first in a row of such: the input must end and the output begin at the same
    /// step.
    /// </summary>
    private static Dictionary<ArenaBuffer, ArenaBuffer> MergeInPlace(
        Dictionary<ArenaBuffer, Lifetime> lifetimes, IReadOnlyList<LoweredOperation> steps)
    {
        var owners = new Dictionary<ArenaBuffer, ArenaBuffer>();
        for (int i = 0; i < steps.Count; i++)
            if (steps[i].InPlace is var (output, input) && lifetimes[input].Last == i && lifetimes[output].First == i)
                owners[output] = owners.GetValueOrDefault(input, input);
        return owners;
    }

    private static (Dictionary<int, long> Offsets, long Peak) Place(IReadOnlyList<Region> regions)
    {
        var offsets = new Dictionary<int, long>();
        var placed = new List<(long Offset, Region Region)>();
        var index = new LifetimeIndex(-1, regions.Select(r => r.Life.Last).DefaultIfEmpty(-1).Max());
        long peak = 0;
        foreach (Region region in regions.OrderByDescending(r => r.Bytes).ThenBy(r => r.Owner.Id))
        {
            long best = -1;
            long bestGap = long.MaxValue;
            long end = 0;
            // Those in use at the same time, from the arena's beginning.
            foreach ((long offset, Region other) in index.Overlapping(region.Life.First, region.Life.Last, placed.Count)
                .Select(i => placed[i]).OrderBy(p => p.Offset))
            {
                if (offset - end >= region.Bytes && offset - end < bestGap)
                {
                    best = end;
                    bestGap = offset - end;
                }
                end = Math.Max(end, offset + other.Bytes);
            }
            long at = best >= 0 ? best : end;
            offsets[region.Owner.Id] = at;
            peak = Math.Max(peak, at + region.Bytes);
            index.Add(region.Life.First, region.Life.Last);
            placed.Add((at, region));
        }
        return (offsets, peak);
    }

    private static long Aligned(int bytes) => (Math.Max(bytes, 1L) + Alignment - 1) / Alignment * Alignment;

    /// <summary>The lines at which a buffer is in use; −1 before the first step.</summary>
    private readonly record struct Lifetime(int First, int Last)
    {
        public bool Overlaps(Lifetime other) => First <= other.Last && other.First <= Last;

        /// <summary>
        /// Whether another lies strictly between this one's ends: begins and ends in the body of the loop that this one is.
        /// </summary>
        public bool Holds(Lifetime other) => First < other.First && other.Last < Last;

        public Lifetime Union(Lifetime other) => new(Math.Min(First, other.First), Math.Max(Last, other.Last));
    }

    /// <summary>Buffers that share one place.</summary>
    private sealed record Region(ArenaBuffer Owner, long Bytes, Lifetime Life);
}

/// <summary>Where all buffers lie.</summary>
/// <param name="Buffers">The buffers that any step uses, in order of creation.</param>
/// <param name="ArenaBytes">The arena's size.</param>
internal sealed record MemoryPlan(IReadOnlyList<PlacedBuffer> Buffers, int ArenaBytes);

/// <summary>A buffer with its place.</summary>
/// <param name="Buffer">The buffer.</param>
/// <param name="Offset">Its offset in the arena.</param>
/// <param name="First">The first line that uses it; −1 for inputs.</param>
/// <param name="Last">The last line that uses it; the number of lines for outputs.</param>
/// <param name="SharesWith">Name of the buffer whose place it takes over; else empty.</param>
internal sealed record PlacedBuffer(ArenaBuffer Buffer, int Offset, int First, int Last, string SharesWith);
