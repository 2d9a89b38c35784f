using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Control;

/// <summary>
/// The number of trips of a loop whose condition follows from counters: from the number of the trip, constants, and carried values that
/// begin as constants and change by nothing else. So exporters write loops over a sequence of known length (tf2onnx's while loops).
/// </summary>
internal static class CountedTrips
{
    private const long MostTrips = 10_000;

    // Counters and bounds; anything larger is data.
    private const int MostElements = 16;

    /// <summary>Counts the trips.</summary>
    /// <param name="body">The body; its inputs are the number of the trip, the carried values and what it reads from around it.</param>
    /// <param name="initial">What the carried values begin with; null where that is no constant.</param>
    /// <param name="most">The greatest number of trips.</param>
    /// <returns>The number; null where it depends on data, or is too large to be counted.</returns>
    public static long? Of(Graph body, IReadOnlyList<Tensor?> initial, long most)
    {
        // The values on which the condition depends, through any number of trips.
        var index = GraphIndex.Of(body);
        var needed = new HashSet<string>(StringComparer.Ordinal);
        var counters = new SortedSet<int>();
        var open = new Stack<string>([body.Outputs[0]]);
        while (open.TryPop(out string? value))
        {
            if (value.Length == 0 || body.IsConstant(value) || !needed.Add(value))
                continue;
            int input = body.Inputs.IndexOf(value);
            if (input > initial.Count)
                return null;
            if (input > 0)
            {
                if (initial[input - 1] is not { Count: <= MostElements })
                    return null;
                counters.Add(input - 1);
                open.Push(body.Outputs[input]);
            }
            foreach (string read in input < 0 ? index.Producer(value)!.Inputs : [])
                open.Push(read);
        }
        Graph counting = body with
        {
            Inputs = [body.Inputs[0], .. counters.Select(c => body.Inputs[1 + c])],
            Outputs = [body.Outputs[0], .. counters.Select(c => body.Outputs[1 + c])],
            Nodes = [.. body.Nodes.Where(n => n.Outputs.Any(needed.Contains))],
        };
        var evaluator = new GraphEvaluator(counting);
        Tensor[] values = [.. counters.Select(c => initial[c]!)];
        for (long trip = 0; trip < Math.Min(most, MostTrips); trip++)
        {
            Tensor[] results = evaluator.Evaluate([Tensor.Scalar(trip), .. values]);
            if (!results[0].Values<bool>()[0])
                return trip + 1;
            values = results[1..];
        }
        return most <= MostTrips ? most : null;
    }
}
