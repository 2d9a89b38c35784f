using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Passes.Recurrence;

/// <summary>
/// Reads the body of a loop as expressions of vectors: products with constant matrices, sums, products element by element, activations
/// and cuts along the last axis, in whatever order and grouping an exporter has written them. What is anything else has no expression.
/// </summary>
internal sealed class StepReader
{
    private readonly Graph _body;
    private readonly int _carried;
    private readonly int _batch;
    private readonly Dictionary<string, StepVector?> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Value, int Axis, long Offset, bool Backwards), StepInput> _slices = [];

    /// <param name="body">The body, its constants folded.</param>
    /// <param name="carried">How many values it carries from trip to trip.</param>
    /// <param name="batch">The number of sequences.</param>
    public StepReader(Graph body, int carried, int batch) => (_body, _carried, _batch) = (body, carried, batch);

    /// <summary>The slices that were read: of which value from around, along which axis, from which place on, in which direction.</summary>
    public IReadOnlyDictionary<(string Value, int Axis, long Offset, bool Backwards), StepInput> Slices => _slices;

    /// <summary>The expression of a value of the body; null where it has none.</summary>
    public StepVector? Read(string value)
    {
        if (!_known.TryGetValue(value, out StepVector? vector))
        {
            _known[value] = null;
            _known[value] = vector = SizeOf(value) is { } size ? Find(value, size) : null;
        }
        return vector;
    }

    // A vector for each sequence, along the last axis.
    private int? SizeOf(string value) => _body.TypeOf(value) is { Element: ElementType.Float32, Rank: > 0, Count: > 0 } type
        && type.Count == _batch * type.Dimensions[^1] ? type.Dimensions[^1] : null;

    private StepVector? Find(string value, int size)
    {
        int input = _body.Inputs.IndexOf(value);
        if (input >= 0)
            return input >= 1 && input <= _carried ? new StepInput(size, input - 1) : null;
        if (GraphIndex.Of(_body).Producer(value) is not { } node || node.HasActivation())
            return null;
        if (node.Is<ReshapingOperator>() || node.Is<IdentityOperator>())
            return SizeOf(node.Input(0)) == size ? Read(node.Input(0)) : null;
        if (node.Is<GatherOperator>())
            return Slice(node, size);
        if (node.Is<MatMulOperator>())
            return Multiply(Read(node.Input(0)), Matrix(node.Input(1), false), size);
        if (node.Is<GemmOperator>())
            return Gemm(node, size);
        if (node.Is<AddOperator>() || node.Is<SubOperator>())
            return Sum(node, size, node.Is<SubOperator>() ? -1 : 1);
        if (node.Is<MulOperator>())
            return Read(node.Input(0)) is { } a && Read(node.Input(1)) is { } b && a.Size == size && b.Size == size
                ? new StepProduct(a, b) : null;
        if (node.Is<ConcatOperator>())
            return IsLast(node, ConcatOperator.Axis(node)) && node.Inputs.Select(Read).ToArray() is var parts && !parts.Contains(null)
                ? new StepConcat([.. parts.OfType<StepVector>()]) : null;
        if (node.Is<SplitOperator>())
            return IsLast(node, SplitOperator.Axis(node)) ? Read(node.Input(0))?.Rows(
                node.Outputs.TakeWhile(o => o != value).Sum(o => _body.TypeOf(o).Dimensions[^1]), size) : null;
        if (node.Is<SliceOperator>())
            return Cut(node, size);
        return Function(node) is { } function && Read(node.Input(0)) is { } argument ? new StepFunction(function, argument) : null;
    }

    // The slice of the trip's number, from the beginning or counted from an end.
    private StepInput? Slice(Node node, int size)
    {
        string from = node.Input(0), index = node.Input(1), number = _body.Inputs[0];
        if (_body.Inputs.IndexOf(from) <= _carried)
            return null;
        (long offset, bool backwards) = (0, false);
        while (index != number)
        {
            if (GraphIndex.Of(_body).Producer(index) is not { } step)
                return null;
            if (step.Is<ReshapingOperator>() || step.Is<IdentityOperator>())
            {
                index = step.Input(0);
                continue;
            }
            bool isDifference = step.Is<SubOperator>(), second = _body.Constant(step.Input(0)) is not null;
            if ((!isDifference && !step.Is<AddOperator>()) || _body.Constant(step.Input(second ? 0 : 1)) is not { Count: 1 } constant)
                return null;
            // The outer steps come first: offset ± (constant ± index).
            long by = constant.ToInt64()[0];
            offset += (backwards ? -1 : 1) * (isDifference && !second ? -by : by);
            backwards ^= isDifference && second;
            index = step.Input(second ? 1 : 0);
        }
        TensorType type = _body.TypeOf(from);
        int axis = Shapes.Axis(GatherOperator.Axis(node), type.Rank);
        if (axis == type.Rank - 1)
            return null;
        var key = (from, axis, offset, backwards);
        if (!_slices.TryGetValue(key, out StepInput? slice))
            _slices[key] = slice = new(size, -1 - _slices.Count);
        return slice;
    }

    private StepVector? Gemm(Node node, int size)
    {
        if (GemmOperator.TransposesA(node) || GemmOperator.Alpha(node) != 1 || GemmOperator.Beta(node) != 1
            || Multiply(Read(node.Input(0)), Matrix(node.Input(1), GemmOperator.TransposesB(node)), size) is not { } product)
            return null;
        return !node.HasInput(2) ? product
            : Constant(node.Input(2), size) is { } bias ? StepSum.Of(product, StepSum.Of([], bias), 1) : null;
    }

    private StepVector? Sum(Node node, int size, float sign)
    {
        return Term(node.Input(0)) is { } a && Term(node.Input(1)) is { } b ? StepSum.Of(a, b, sign) : null;

        StepVector? Term(string value) => _body.Constant(value) is null ? Read(value) is { } v && v.Size == size ? v : null
            : Constant(value, size) is { } constant ? StepSum.Of([], constant) : null;
    }

    private StepVector? Cut(Node node, int size)
    {
        SliceOperator.Region[] regions = SliceOperator.Regions(OperatorContext.Of(_body, node));
        ImmutableArray<int> dimensions = _body.TypeOf(node.Input(0)).Dimensions;
        return regions.SkipLast(1).Zip(dimensions).All(r => r.First.Step == 1 && r.First.Count == r.Second) && regions[^1].Step == 1
            ? Read(node.Input(0))?.Rows(regions[^1].Start, size) : null;
    }

    private bool IsLast(Node node, long axis) =>
        _body.TypeOf(node.Outputs[0]).Rank is var rank && Shapes.Axis(axis, rank) == rank - 1;

    private static StepVector? Multiply(StepVector? vector, (float[] Values, int Rows, int Columns)? matrix, int size)
    {
        if (vector is null || matrix is not { } m || m.Rows != vector.Size || m.Columns != size)
            return null;
        if (vector is StepConcat concat)
        {
            StepVector? sum = null;
            int from = 0;
            foreach (StepVector part in concat.Vectors)
            {
                int first = from * m.Columns, count = part.Size * m.Columns;
                if (Multiply(part, (m.Values[first..(first + count)], part.Size, m.Columns), size) is not { } product)
                    return null;
                sum = sum is null ? product : StepSum.Of(sum, product, 1);
                from += part.Size;
            }
            return sum;
        }
        (StepVector source, int at) = (vector, 0);
        if (vector is StepSum taken)
        {
            // Elements of a vector as they are; sums are not multiplied out.
            if (taken.Parts is not ([{ Matrix: null, Sign: 1 } only], var bias) || Array.Exists(bias, b => b != 0))
                return null;
            (source, at) = (only.Source, only.From);
        }
        var turned = new float[size * source.Size];
        for (int i = 0; i < m.Rows; i++)
            for (int k = 0; k < size; k++)
                turned[(k * source.Size) + at + i] = m.Values[(i * size) + k];
        return StepSum.Of([new(source, turned, 0, 1)], new float[size]);
    }

    // A constant matrix, its columns belonging to the elements of the product.
    private (float[] Values, int Rows, int Columns)? Matrix(string value, bool isTransposed)
    {
        if (_body.Constant(value) is not { Element: ElementType.Float32, Rank: >= 2 } matrix
            || matrix.Dimensions.SkipLast(2).Any(d => d != 1))
            return null;
        (int rows, int columns, float[] values) = (matrix.Dimensions[^2], matrix.Dimensions[^1], matrix.Values<float>());
        if (!isTransposed)
            return (values, rows, columns);
        var turned = new float[values.Length];
        for (int i = 0; i < rows; i++)
            for (int k = 0; k < columns; k++)
                turned[(k * rows) + i] = values[(i * columns) + k];
        return (turned, columns, rows);
    }

    // A constant that is the same for all sequences.
    private float[]? Constant(string value, int size)
    {
        if (_body.Constant(value) is not { Element: ElementType.Float32 } constant)
            return null;
        float[] values = constant.Values<float>();
        return values.Length == 1 ? [.. Enumerable.Repeat(values[0], size)]
            : values.Length == size && constant.Dimensions[^1] == size ? values : null;
    }

    private static RecurrentFunction? Function(Node node) =>
        node.Is<SigmoidOperator>() ? new("Sigmoid", 0, 0)
        : node.Is<TanhOperator>() ? new("Tanh", 0, 0)
        : node.Is<ReluOperator>() ? new("Relu", 0, 0)
        : node.Is<SoftsignOperator>() ? new("Softsign", 0, 0)
        : node.Is<HardSigmoidOperator>() ? new("HardSigmoid", HardSigmoidOperator.Alpha(node), HardSigmoidOperator.Beta(node))
        : null;
}
