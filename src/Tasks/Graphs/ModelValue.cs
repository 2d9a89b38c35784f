using System.Collections.Immutable;

namespace OptimizerBuild.Graphs;

/// <summary>
/// A value of a model while it is imported. Graphs hold tensors only: how many elements a sequence has, and whether an optional value is
/// there, is known when the model is built, so that the other kinds of ONNX's values are lists of tensors by their names. The kinds are a
/// closed set.
/// </summary>
internal abstract record ModelValue
{
    private ModelValue()
    {
    }

    /// <summary>The names of all tensors in the value, in order.</summary>
    public abstract IEnumerable<string> Tensors { get; }

    /// <summary>What the value is, for messages, for example <c>a sequence of 3</c>.</summary>
    public abstract string Description { get; }

    /// <summary>The same kind of value with other tensors.</summary>
    /// <param name="renamed">Gives the name of the tensor that takes the place of another one; asked in order.</param>
    public abstract ModelValue With(Func<string, string> renamed);

    /// <summary>Whether another value differs in its tensors only.</summary>
    public bool HasFormOf(ModelValue other) => Description == other.Description;

    /// <summary>A tensor.</summary>
    /// <param name="Name">Its name in the graph.</param>
    internal sealed record Single(string Name) : ModelValue
    {
        /// <inheritdoc/>
        public override IEnumerable<string> Tensors => [Name];

        /// <inheritdoc/>
        public override string Description => "a tensor";

        /// <inheritdoc/>
        public override ModelValue With(Func<string, string> renamed) => new Single(renamed(Name));
    }

    /// <summary>A sequence of a known number of tensors.</summary>
    /// <param name="Elements">Their names.</param>
    internal sealed record Sequence(ImmutableArray<string> Elements) : ModelValue
    {
        /// <inheritdoc/>
        public override IEnumerable<string> Tensors => Elements;

        /// <inheritdoc/>
        public override string Description => FormattableString.Invariant($"a sequence of {Elements.Length}");

        /// <inheritdoc/>
        public override ModelValue With(Func<string, string> renamed) => new Sequence([.. Elements.Select(renamed)]);
    }

    /// <summary>An optional value of which it is known whether it is there.</summary>
    /// <param name="Content">The tensor or sequence; null where there is none.</param>
    internal sealed record Optional(ModelValue? Content) : ModelValue
    {
        /// <inheritdoc/>
        public override IEnumerable<string> Tensors => Content?.Tensors ?? [];

        /// <inheritdoc/>
        public override string Description =>
            Content is null ? "an optional value that is absent" : "an optional " + Content.Description[2..];

        /// <inheritdoc/>
        public override ModelValue With(Func<string, string> renamed) => new Optional(Content?.With(renamed));
    }

    /// <summary>A map from the labels of classes to their scores for each row of a tensor, as ZipMap makes it.</summary>
    /// <param name="Scores">The name of the tensor, whose columns are the classes.</param>
    /// <param name="Labels">The labels, one for each column.</param>
    internal sealed record Map(string Scores, ImmutableArray<string> Labels) : ModelValue
    {
        /// <inheritdoc/>
        public override IEnumerable<string> Tensors => [Scores];

        /// <inheritdoc/>
        public override string Description => FormattableString.Invariant($"a map of {Labels.Length} labels");

        /// <inheritdoc/>
        public override ModelValue With(Func<string, string> renamed) => new Map(renamed(Scores), Labels);
    }

    /// <summary>
    /// A tensor whose extent along an axis depends on run-time data: its type says the greatest extent, another tensor how many places
    /// count. What lies behind them is of no meaning.
    /// </summary>
    /// <param name="Name">The name of the tensor.</param>
    /// <param name="Length">The name of an int64 scalar, how many places along the axis count.</param>
    /// <param name="Axis">The axis, from 0.</param>
    internal sealed record Bounded(string Name, string Length, int Axis) : ModelValue
    {
        /// <inheritdoc/>
        public override IEnumerable<string> Tensors => [Name, Length];

        /// <inheritdoc/>
        public override string Description =>
            FormattableString.Invariant($"a tensor whose extent along axis {Axis} depends on run-time data");

        /// <inheritdoc/>
        public override ModelValue With(Func<string, string> renamed) => new Bounded(renamed(Name), renamed(Length), Axis);
    }
}
