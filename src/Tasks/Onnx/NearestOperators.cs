using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx;

/// <summary>Suggests, for an operator without support, what comes nearest to it.</summary>
internal static class NearestOperators
{
    // Operators that people replace by others when they export a model again.
    private static readonly Dictionary<string, string> Replacements = new(StringComparer.Ordinal)
    {
        ["ConvTranspose"] = "Conv",
        ["InstanceNormalization"] = "BatchNormalization (inference form) or LayerNormalization",
        ["GroupNormalization"] = "LayerNormalization or BatchNormalization (inference form)",
        ["LpPool"] = "AveragePool or MaxPool",
        ["GlobalLpPool"] = "GlobalAveragePool or GlobalMaxPool",
        ["LRN"] = "BatchNormalization",
        ["ReduceL1"] = "Abs followed by ReduceSum",
        ["ReduceL2"] = "Mul followed by ReduceSum and Sqrt",
        ["ReduceSumSquare"] = "Mul followed by ReduceSum",
        ["Einsum"] = "MatMul with Transpose and Reshape",
        ["GatherND"] = "Gather",
        ["GatherElements"] = "Gather",
        ["QLinearConv"] = "the float model: quantisation is done by this build",
        ["QLinearMatMul"] = "the float model: quantisation is done by this build",
        ["ConvInteger"] = "the float model: quantisation is done by this build",
        ["MatMulInteger"] = "the float model: quantisation is done by this build",
        ["DynamicQuantizeLinear"] = "the float model: quantisation is done by this build",
    };

    /// <summary>What comes nearest, as a phrase.</summary>
    public static string Describe(string domain, string opType)
    {
        if (domain.Length == 0 && Replacements.TryGetValue(opType, out string? replacement))
            return replacement;
        (string Name, int Distance)? nearest = OperatorRegistry.All.Where(o => o.Domain.Length == 0)
            .Select(o => ((string, int)?)(o.OpType, Distance(o.OpType, opType)))
            .MinBy(o => o!.Value.Item2);
        return nearest is { } n && n.Distance <= Math.Max(1, opType.Length / 4)
            ? domain.Length == 0 ? n.Name : $"{n.Name} of domain 'ai.onnx'"
            : "none; docs/operators.md lists the supported operators";
    }

    // Levenshtein's edit distance, by the two-row form of Wagner and Fischer (1974). Names in files may be long: they are cut.
    private static int Distance(string a, string b)
    {
        const int Longest = 64;
        a = a.Length > Longest ? a[..Longest] : a;
        b = b.Length > Longest ? b[..Longest] : b;
        int[] previous = [.. Enumerable.Range(0, b.Length + 1)];
        var current = new int[b.Length + 1];
        for (int i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
                current[j] = Math.Min(Math.Min(current[j - 1], previous[j]) + 1, previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            (previous, current) = (current, previous);
        }
        return previous[b.Length];
    }
}
