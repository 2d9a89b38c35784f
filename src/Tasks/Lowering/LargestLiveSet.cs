using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>
/// The most bytes that a plan's buffers need at one step: no placement can do with less, whatever it does about gaps. Buffers that take
/// over another's place count once.
/// </summary>
internal static class LargestLiveSet
{
    /// <summary>The bytes, each buffer rounded up to the arena's alignment.</summary>
    public static long Of(IReadOnlyList<PlanBuffer> buffers)
    {
        var places = new Dictionary<string, (long Bytes, int First, int Last)>(StringComparer.Ordinal);
        foreach (PlanBuffer buffer in buffers)
        {
            // A buffer takes over the place of one that is listed before it, which may lie in the place of another.
            string owner = buffer.SharesWith.Length == 0 ? buffer.Name : Owner(buffers, buffer.SharesWith);
            long bytes = (Math.Max(buffer.Bytes, 1L) + MemoryPlanner.Alignment - 1) / MemoryPlanner.Alignment * MemoryPlanner.Alignment;
            places[owner] = places.TryGetValue(owner, out (long Bytes, int First, int Last) place)
                ? (Math.Max(place.Bytes, bytes), Math.Min(place.First, buffer.FirstStep), Math.Max(place.Last, buffer.LastStep))
                : (bytes, buffer.FirstStep, buffer.LastStep);
        }

        var changes = new SortedDictionary<int, long>();
        foreach ((long bytes, int first, int last) in places.Values)
        {
            changes[first] = changes.GetValueOrDefault(first) + bytes;
            changes[last + 1] = changes.GetValueOrDefault(last + 1) - bytes;
        }
        long live = 0;
        long largest = 0;
        foreach (long change in changes.Values)
            largest = Math.Max(largest, live += change);
        return largest;
    }

    private static string Owner(IReadOnlyList<PlanBuffer> buffers, string name)
    {
        while (buffers.FirstOrDefault(b => b.Name == name) is { SharesWith.Length: > 0 } buffer)
            name = buffer.SharesWith;
        return name;
    }
}
