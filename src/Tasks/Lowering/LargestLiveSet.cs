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
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (PlanBuffer buffer in buffers)
            owners.TryAdd(buffer.Name, buffer.SharesWith);
        foreach (PlanBuffer buffer in buffers)
        {
            // A buffer may take over the place of one that lies in the place of another.
            string owner = Owner(owners, buffer.Name);
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

    // The buffer in whose place one lies in the end; all on the way there learn of it, so that a chain is walked once.
    private static string Owner(Dictionary<string, string> owners, string name)
    {
        string owner = name;
        while (owners.TryGetValue(owner, out string? next) && next.Length > 0)
            owner = next;
        while (name != owner)
        {
            string next = owners[name];
            owners[name] = owner;
            name = next;
        }
        return owner;
    }
}
