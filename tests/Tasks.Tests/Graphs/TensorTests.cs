namespace OptimizerBuild.Graphs;

/// <summary>Tensors and shapes.</summary>
public sealed class TensorTests
{
    [Fact]
    public void Unsigned_integers_keep_their_value_as_int64()
    {
        Assert.Equal([uint.MaxValue], Tensor.Of([uint.MaxValue], 1).ToInt64());
        Assert.Equal([ushort.MaxValue], Tensor.Of([ushort.MaxValue], 1).ToInt64());
        Assert.Equal([(long)byte.MaxValue], Tensor.Of([byte.MaxValue], 1).ToInt64());
        Assert.Equal([(long)sbyte.MinValue], Tensor.Of([sbyte.MinValue], 1).ToInt64());
        Assert.Throws<OverflowException>(() => Tensor.Of([ulong.MaxValue], 1).ToInt64());
        Assert.Throws<InvalidOperationException>(() => Tensor.Of([1f], 1).ToInt64());
    }

    [Fact]
    public void Data_must_fit_the_type()
    {
        Assert.Throws<ArgumentException>(() => new Tensor(TensorType.Float32(2), new float[3]));
        Assert.Throws<ArgumentException>(() => new Tensor(TensorType.Of(ElementType.UInt32, 2), new int[2]));
        Assert.Throws<InvalidOperationException>(() => Tensor.Of([1u], 1).Values<int>());
    }

    [Theory]
    [InlineData(new[] { 2, 3 }, new[] { 3 }, new[] { 2, 3 })]
    [InlineData(new[] { 2, 1 }, new[] { 1, 3 }, new[] { 2, 3 })]
    [InlineData(new int[0], new[] { 4 }, new[] { 4 })]
    [InlineData(new[] { 0 }, new[] { 1 }, new[] { 0 })]
    [InlineData(new[] { 2 }, new[] { 3 }, null)]
    public void Shapes_broadcast_as_ONNX_says(int[] a, int[] b, int[]? expected)
    {
        Assert.Equal(expected, Shapes.Broadcast(a, b));
        Assert.Equal(expected, Shapes.Broadcast(b, a));
    }

    [Fact]
    public void Unique_names_count_up()
    {
        var names = new UniqueNames();
        names.Reserve("a_1");

        Assert.Equal(["a", "a_2", "a_3", "b"], (string[])[names.Next("a"), names.Next("a"), names.Next("a"), names.Next("b")]);
    }
}
