using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Trees;

/// <summary>
/// Decision trees in one table of branches. A branch compares one feature with a threshold: where the feature is at most the threshold, the
/// walk goes on at <c>yes</c>, else (also for NaN) at <c>no</c>. A number from 0 on is a branch, a negative one the complement of a leaf.
/// Branches and leaves may have several parents, but no walk comes back to where it was.
/// </summary>
/// <param name="Features">The feature of each branch.</param>
/// <param name="Thresholds">The threshold of each branch; exact also where features are float32. NaN is never reached.</param>
/// <param name="Yes">Where a walk goes on if the feature is at most the threshold.</param>
/// <param name="No">Where it goes on otherwise.</param>
/// <param name="Roots">Where the walk of each tree begins.</param>
/// <param name="Starts">Where the weights of each leaf begin, and behind them their number.</param>
/// <param name="Targets">The target of each weight; in one leaf in ascending order, each once.</param>
/// <param name="Weights">The weights.</param>
internal sealed record TreeForest(
    int[] Features, double[] Thresholds, int[] Yes, int[] No, int[] Roots, int[] Starts, int[] Targets, double[] Weights)
{
    /// <summary>The number of branches.</summary>
    public int Branches => Features.Length;

    /// <summary>The number of leaves.</summary>
    public int Leaves => Starts.Length - 1;

    /// <summary>What keeps the tables from being trees; null where nothing does.</summary>
    /// <param name="features">The number of features of a row.</param>
    /// <param name="targets">The number of targets.</param>
    public string? Fault(int features, int targets)
    {
        if (Thresholds.Length != Branches || Yes.Length != Branches || No.Length != Branches || Targets.Length != Weights.Length)
            return "its tables have different lengths";
        if (Starts.Length == 0 || Starts[0] != 0 || Starts[^1] != Weights.Length || Starts.Zip(Starts.Skip(1)).Any(p => p.First > p.Second))
            return "its leaves do not follow one another";
        foreach (int feature in Features)
            if (feature < 0 || feature >= features)
                return $"a branch looks at feature {feature} of {features}";
        if (Targets.Any(t => t < 0 || t >= targets))
            return $"a leaf has a weight for a target beyond the {targets} that there are";
        if (Yes.Concat(No).Concat(Roots).Any(n => n >= Branches || ~n >= Leaves))
            return "a branch leads to a node that is not there";
        return Order() is null ? "a branch leads back to itself" : null;
    }

    /// <summary>The branches that walks can reach, each before those to which it leads; null where one leads back to itself.</summary>
    public int[]? Order() => Order(new byte[Branches], Roots, n => Yes[n], n => No[n]);

    /// <summary>
    /// The branches that walks can reach, each before those to which it leads, as near to their parents as may be; null where one leads
    /// back to itself.
    /// </summary>
    /// <param name="state">Zero for each branch, before and, where there is a result, afterwards.</param>
    /// <param name="roots">Where walks begin.</param>
    /// <param name="yes">One of the two places to which a branch leads; negative for a leaf.</param>
    /// <param name="no">The other one.</param>
    public static int[]? Order(byte[] state, IEnumerable<int> roots, Func<int, int> yes, Func<int, int> no)
    {
        // Depth first with a stack of its own, since trees of damaged files are as deep as they have nodes.
        var done = new List<int>();
        var stack = new Stack<int>();
        foreach (int root in roots.Reverse())
        {
            if (root >= 0)
                stack.Push(root);
            while (stack.TryPeek(out int node))
            {
                if (state[node] != 0)
                {
                    stack.Pop();
                    if (state[node] == 1)
                        done.Add(node);
                    state[node] = 2;
                    continue;
                }
                state[node] = 1;
                foreach (int next in (ReadOnlySpan<int>)[no(node), yes(node)])
                {
                    if (next < 0)
                        continue;
                    if (state[next] == 1)
                        return null;
                    if (state[next] == 0)
                        stack.Push(next);
                }
            }
        }
        foreach (int node in done)
            state[node] = 0;
        done.Reverse();
        return [.. done];
    }

    /// <summary>The longest walk of each tree, in branches.</summary>
    public int[] Depths()
    {
        var depths = new int[Branches];
        foreach (int node in Order()!.Reverse())
            depths[node] = 1 + Math.Max(Depth(Yes[node]), Depth(No[node]));
        return Array.ConvertAll(Roots, Depth);

        int Depth(int node) => node < 0 ? 0 : depths[node];
    }

    /// <summary>The tables as tensors, in the order of the operator's inputs from 1 on.</summary>
    /// <param name="element">The element type of thresholds and weights: float32 or double.</param>
    public Tensor[] Tensors(ElementType element)
    {
        int[] next = [.. Yes.Zip(No).SelectMany(p => (int[])[p.First, p.Second])];
        return
        [
            Tensor.Of(Features, Branches), Reals(Thresholds), Tensor.Of(next, Branches, 2), Tensor.Of(Roots, Roots.Length),
            Tensor.Of(Starts, Starts.Length), Tensor.Of(Targets, Targets.Length), Reals(Weights),
        ];

        Tensor Reals(double[] values) => element == ElementType.Float64 ? Tensor.Of(values, values.Length)
            : Tensor.Of(Array.ConvertAll(values, v => (float)v), values.Length);
    }

    /// <summary>The forest of a node.</summary>
    /// <exception cref="Diagnostics.ModelException">A table is not constant, or the tables are no trees over the node's input.</exception>
    public static TreeForest Of(OperatorContext context)
    {
        int[] next = Table(3).Values<int>();
        var forest = new TreeForest(
            Table(1).Values<int>(), Reals(2), [.. next.Where((_, i) => i % 2 == 0)], [.. next.Where((_, i) => i % 2 == 1)],
            Table(4).Values<int>(), Table(5).Values<int>(), Table(6).Values<int>(), Reals(7));
        if (context.Type(0).Rank != 2)
            throw context.Invalid($"its input is {context.Type(0)} instead of rows of features");
        string? fault = forest.Fault(context.Type(0).Dimensions[1], TreeEnsembleOperator.Targets(context.Node));
        return fault is null ? forest : throw context.Invalid(fault);

        Tensor Table(int input) => context.Constant(input) ?? throw context.Invalid($"its input {input} is not constant");

        double[] Reals(int input) => Table(input) is { Element: ElementType.Float64 } t ? t.Values<double>()
            : Array.ConvertAll(Table(input).Values<float>(), v => (double)v);
    }
}
