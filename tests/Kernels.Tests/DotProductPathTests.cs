using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using OptimizerBuild.Kernels.Tests.Cases;
using OptimizerBuild.Kernels.Tests.Models;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>The dense kernels on every instruction set's tiles, in software where the machine lacks the instructions.</summary>
public sealed class DotProductPathTests
{
    private static readonly Dictionary<string, Action<Workspace, Int8Product>> Paths = new()
    {
        ["avxvnni (model)"] = (w, p) => Int8ProductLoop.Run<AvxVnniModel, Vector256<int>>(w, in p, 0, p.PaddedChannels),
        ["avx10 and avx512vnni (model)"] = (w, p) =>
        {
            int whole = p.PaddedChannels & ~15;
            Int8ProductLoop.Run<Vnni512Model, Vector512<int>>(w, in p, 0, whole);
            Int8ProductLoop.Run<AvxVnniModel, Vector256<int>>(w, in p, whole, p.PaddedChannels);
        },
        ["avx512 (model)"] = (w, p) =>
        {
            int whole = p.PaddedChannels & ~15;
            Int8ProductLoop.Run<Avx512Model, Vector512<int>>(w, in p, 0, whole);
            Int8ProductLoop.Run<AvxVnniModel, Vector256<int>>(w, in p, whole, p.PaddedChannels);
        },
        ["armdot (model)"] = (w, p) => Int8ProductLoop.Run<ArmModel, Vector128<int>>(w, in p, 0, p.PaddedChannels),
        ["portable (model)"] = (w, p) => Int8ProductLoop.Run<PortableModel, Vector128<int>>(w, in p, 0, p.PaddedChannels),
        ["vector128"] = (w, p) => Int8ProductLoop.Run<Vector128DotProduct, Vector128<int>>(w, in p, 0, p.PaddedChannels),
        ["scalar"] = (w, p) => Int8ScalarLoop.Run(w, in p, 0, p.PaddedChannels),
    };

    private static readonly Dictionary<string, Action<Workspace, Int8SparseProduct>> SparsePaths = new()
    {
        ["avxvnni (model)"] = (w, p) => Int8SparseLoop.Run<AvxVnniModel, Vector256<int>>(w, in p, 0, p.Product.PaddedChannels),
        ["avx10 and avx512vnni (model)"] = (w, p) =>
        {
            int whole = p.Product.PaddedChannels & ~15;
            Int8SparseLoop.Run<Vnni512Model, Vector512<int>>(w, in p, 0, whole);
            Int8SparseLoop.Run<AvxVnniModel, Vector256<int>>(w, in p, whole, p.Product.PaddedChannels);
        },
        ["avx512 (model)"] = (w, p) =>
        {
            int whole = p.Product.PaddedChannels & ~15;
            Int8SparseLoop.Run<Avx512Model, Vector512<int>>(w, in p, 0, whole);
            Int8SparseLoop.Run<AvxVnniModel, Vector256<int>>(w, in p, whole, p.Product.PaddedChannels);
        },
        ["armdot (model)"] = (w, p) => Int8SparseLoop.Run<ArmModel, Vector128<int>>(w, in p, 0, p.Product.PaddedChannels),
        ["portable (model)"] = (w, p) => Int8SparseLoop.Run<PortableModel, Vector128<int>>(w, in p, 0, p.Product.PaddedChannels),
        ["vector128"] = (w, p) => Int8SparseLoop.Run<Vector128DotProduct, Vector128<int>>(w, in p, 0, p.Product.PaddedChannels),
        ["scalar"] = (w, p) => Int8SparseScalarLoop.Run(w, in p, 0, p.Product.PaddedChannels),
    };

    private static readonly Dictionary<string, Action<Workspace, Int4Product>> FourPaths = new()
    {
        ["avxvnni (model)"] = Row<AvxVnniModel, Vector256<int>>,
        ["avx10 and avx512vnni (model)"] = Row<Vnni512Model, Vector512<int>>,
        ["avx512 (model)"] = Row<Avx512Model, Vector512<int>>,
        ["armdot (model)"] = Row<ArmUnsignedModel, Vector128<int>>,
        ["portable (model)"] = Row<PortableModel, Vector128<int>>,
        ["vector128"] = Row<Vector128DotProduct, Vector128<int>>,
        ["scalar"] = (w, p) => Int4ProductLoop.Parts(w, in p, 0, p.Product.PaddedChannels, isStarting: true),
    };

    public static TheoryData<string> PathNames => [.. Paths.Keys];

    private static IEnumerable<KernelCase> SparseProducts => KernelCases.All.Where(c => c.Sparse is not null);

    private static IEnumerable<KernelCase> Products => KernelCases.All.Where(c => c.Product is not null);

    [Theory]
    [MemberData(nameof(PathNames))]
    public void Path_gives_the_same_bytes(string path)
    {
        Assert.NotEmpty(Products);
        foreach (KernelCase c in Products)
            CaseAssert.Same(c.Expected, c.Actual(w => Paths[path](w, c.Product!.Value)), $"{path}: {c}");
    }

    [Theory]
    [MemberData(nameof(PathNames))]
    public void Path_gives_the_same_bytes_from_sparse_weights(string path)
    {
        Assert.NotEmpty(SparseProducts);
        foreach (KernelCase c in SparseProducts)
            CaseAssert.Same(c.Expected, c.Actual(w => SparsePaths[path](w, c.Sparse!.Value)), $"{path}: {c}");
    }

    [Theory]
    [MemberData(nameof(PathNames))]
    public void Path_gives_the_same_bytes_from_weights_of_four_bits(string path)
    {
        KernelCase[] cases = [.. KernelCases.All.Where(c => c.Four is not null)];
        Assert.Contains(cases, c => c.Four!.Value.IsRow);
        Assert.Contains(cases, c => !c.Four!.Value.IsRow);
        foreach (KernelCase c in cases)
            CaseAssert.Same(c.Expected, c.Actual(w => FourPaths[path](w, c.Four!.Value)), $"{path}: {c}");
    }

    /// <summary>Equal bytes lie in the weights once, also those of layers of other shapes, of which the transformed ones differ.</summary>
    [Fact]
    public void Layers_of_other_shapes_share_packed_weights_but_no_transformed_ones()
    {
        var bytes = new byte[9 * 32 * 64];
        Array.Fill(bytes, (byte)127);
        var weights = PackedWeights.Of(bytes);
        (Int8WinogradProduct narrow, Int8WinogradProduct wide) = (Product(32, 64, 2), Product(64, 32, 2));
        Int8WinogradProduct fours = Product(32, 64, 4);
        ref byte first = ref WinogradWeights.Of(new Workspace(weights, 64), in narrow);
        ref byte second = ref WinogradWeights.Of(new Workspace(weights, 64), in wide);
        Assert.False(Unsafe.AreSame(ref first, ref second));
        Assert.True(Unsafe.AreSame(ref first, ref WinogradWeights.Of(new Workspace(weights, 64), in narrow)));
        ref byte third = ref WinogradWeights.Of(new Workspace(weights, 64), in fours);
        Assert.False(Unsafe.AreSame(ref first, ref third));
        Assert.True(Unsafe.AreSame(ref third, ref WinogradWeights.Of(new Workspace(weights, 64), in fours)));

        // The transforms of a column of ones: 2G, and 24G with half of its last row.
        Check(ref first, in narrow, [2, 3, 1, 2]);
        Check(ref second, in wide, [2, 3, 1, 2]);
        Check(ref third, in fours, [6, -12, -4, 7, 3, 12]);

        static Int8WinogradProduct Product(int inputs, int channels, int tile)
        {
            Int8WinogradProduct product = default;
            product.Inputs = inputs;
            product.Direct.Channels = channels;
            product.Tile = tile;
            return product;
        }

        static void Check(ref byte words, in Int8WinogradProduct product, int[] ones)
        {
            Assert.Equal(ones.Length * ones.Length, product.Positions);
            for (int position = 0; position < product.Positions; position++)
                for (int i = 0; i < product.MatrixBytes; i += sizeof(short))
                    Assert.Equal(
                        127 * ones[position / ones.Length] * ones[position % ones.Length],
                        Unsafe.ReadUnaligned<short>(ref Unsafe.Add(ref words, (position * product.MatrixBytes) + i)));
        }
    }

    [Fact]
    public void Winograds_form_gives_the_same_bytes_on_every_width()
    {
        CheckWinograd("model", true, Winograd<WordModel512, WordModel512, Vector512<int>>);
        CheckWinograd("avx2", Avx2.IsSupported, Winograd<Avx2WordDotProduct, WinogradLanes256, Vector256<int>>);
        CheckWinograd("avx512", Avx512BW.IsSupported, Winograd<Avx512WordDotProduct, WinogradLanes512, Vector512<int>>);
#if NET11_0_OR_GREATER
        CheckWinograd(
            "avx512vnni", Avx512BW.IsSupported && AvxVnni.V512.IsSupported,
            Winograd<Avx512VnniWordDotProduct, WinogradLanes512, Vector512<int>>);
#endif
    }

    /// <summary>The real instructions, where the machine has them: what the models stand for.</summary>
    [Fact]
    public void Supported_instruction_sets_give_the_same_bytes()
    {
        Check("avx2", Avx2.IsSupported, c => true, (w, c) => Run<Avx2DotProduct, Vector256<int>>(w, c, 0));
        Check("avx2 pairs", Avx2.IsSupported, c => Layer(c).PairSumsFit,
            (w, c) => Run<Avx2PairDotProduct, Vector256<int>>(w, c, 0));
        Check("ssse3 pairs", Ssse3.IsSupported, c => Layer(c).PairSumsFit,
            (w, c) => Run<Ssse3PairDotProduct, Vector128<int>>(w, c, 0));
        Check("avx512", Avx512BW.IsSupported, c => true, (w, c) =>
        {
            int whole = Layer(c).PaddedChannels & ~15;
            Run<Avx512DotProduct, Vector512<int>>(w, c, 0, whole);
            Run<Avx2DotProduct, Vector256<int>>(w, c, whole);
        });
        Check("avx10", AvxVnniInt8.V512.IsSupported, c => true, (w, c) =>
        {
            int whole = Layer(c).PaddedChannels & ~15;
            Run<Avx10DotProduct, Vector512<int>>(w, c, 0, whole);
            Run<AvxVnniDotProduct, Vector256<int>>(w, c, whole);
        });
#if NET11_0_OR_GREATER
        Check("avx512vnni", AvxVnni.V512.IsSupported, c => true, (w, c) =>
        {
            int whole = Layer(c).PaddedChannels & ~15;
            Run<Avx512VnniDotProduct, Vector512<int>>(w, c, 0, whole);
            Run<AvxVnniDotProduct, Vector256<int>>(w, c, whole);
        });
#endif
        Check("avxvnni", AvxVnni.IsSupported, c => true, (w, c) => Run<AvxVnniDotProduct, Vector256<int>>(w, c, 0));
    }

    // Several rows take the tiles of s8, after their weights have been expanded.
    private static void Row<TDot, TVector>(Workspace w, Int4Product p)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        if (p.IsRow)
            Int4RowLoop.Run<TDot, TVector>(w, in p, 0, p.Product.PaddedChannels);
        else
            Int4ProductLoop.Parts(w, in p, 0, p.Product.PaddedChannels, isStarting: false);
    }

    private static void Check(string name, bool isSupported, Predicate<KernelCase> fits, Action<Workspace, KernelCase> run)
    {
        if (!isSupported)
            return;
        KernelCase[] cases = [.. Products.Concat(SparseProducts).Where(c => fits(c))];
        Assert.NotEmpty(cases);
        foreach (KernelCase c in cases)
            CaseAssert.Same(c.Expected, c.Actual(w => run(w, c)), $"{name}: {c}");
        PathRecord.Ran("instructions " + name);
    }

    private static void CheckWinograd(string name, bool isSupported, Action<Workspace, Int8WinogradProduct> run)
    {
        if (!isSupported)
            return;
        KernelCase[] cases = [.. KernelCases.All.Where(c => c.Winograd is not null)];
        Assert.Contains(cases, c => c.Winograd!.Value.Tile == Winograd2x2.Tile);
        Assert.Contains(cases, c => c.Winograd!.Value.Tile == Winograd4x4.Tile);
        foreach (KernelCase c in cases)
            CaseAssert.Same(c.Expected, c.Actual(w => run(w, c.Winograd!.Value)), $"winograd {name}: {c}");
        PathRecord.Ran("winograd " + name);
    }

    private static void Winograd<TDot, TLanes, TVector>(Workspace w, Int8WinogradProduct product)
        where TDot : struct, IDotProduct<TVector>
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        ref byte weights = ref WinogradWeights.Of(w, in product);
        if (product.Tile == Winograd4x4.Tile)
            Int8WinogradLoop.Run<Winograd4x4, TDot, TLanes, TVector>(
                w, in product, ref weights, 0, product.Windows, 0, product.Direct.Channels);
        else
            Int8WinogradLoop.Run<Winograd2x2, TDot, TLanes, TVector>(
                w, in product, ref weights, 0, product.Windows, 0, product.Direct.Channels);
    }

    private static Int8Product Layer(KernelCase c) => c.Product ?? c.Sparse!.Value.Product;

    private static void Run<TDot, TVector>(Workspace w, KernelCase c, int from, int? to = null)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        if (c.Sparse is { } sparse)
            Int8SparseLoop.Run<TDot, TVector>(w, in sparse, from, to ?? sparse.Product.PaddedChannels);
        else
            Int8ProductLoop.Run<TDot, TVector>(w, c.Product!.Value, from, to ?? c.Product.Value.PaddedChannels);
    }
}
