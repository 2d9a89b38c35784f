using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx.Expansions;
using OptimizerBuild.Onnx.Expansions.Microsoft;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Onnx;

/// <summary>A worked example for every operator that the importer writes with others: by the reference, and by the plan.</summary>
public sealed class ExpansionTests
{
    private static readonly Example[] Examples =
    [
        Of("AffineGrid", [F([1, 0, 0, 0, 1, 0], 1, 2, 3), L([1, 1, 1, 2], 4)], F([-1, 0, 1, 0], 1, 1, 2, 2), ("align_corners", 1)),
        Of("Attention", [F([1], 1, 1, 1, 1), F([0, 0], 1, 1, 2, 1), F([1, 3], 1, 1, 2, 1)], F([2], 1, 1, 1, 1)),
        Of("Attention", [F([1, 1], 1, 2, 1), F([0, 0], 1, 2, 1), F([1, 3], 1, 2, 1)], F([1, 2], 1, 2, 1),
            ("is_causal", 1), ("q_num_heads", 1), ("kv_num_heads", 1)),
        Of("BitwiseNot", [U8([0, 5], 2)], U8([255, 250], 2)),
        Of("BlackmanWindow", [L([2])], F([0, 1], 2)),
        Of("CenterCropPad", [F([1, 2, 3], 3), L([5], 1)], F([0, 1, 2, 3, 0], 5)),
        Of("CenterCropPad", [F([1, 2, 3, 4], 4), L([2], 1)], F([2, 3], 2)),
        Of("Col2Im", [F([1, 2, 3, 4], 1, 2, 2), L([1, 3], 2), L([1, 2], 2)], F([1, 5, 4], 1, 1, 1, 3)),
        Of("Compress", [F([1, 2, 3, 4, 5, 6], 3, 2), B([false, true, true], 3)], F([3, 4, 5, 6], 2, 2), ("axis", 0)),
        Of("Compress", [F([1, 2, 3, 4], 2, 2), B([true, false, true], 3)], F([1, 3], 2)),
        Of("ConvInteger", [U8([2, 3], 1, 1, 2), U8([1, 1], 1, 1, 2), U8([1])], Tensor.Of([3], 1, 1, 1)),
        Of("ConvTranspose", [F([1, 2], 1, 1, 2), F([1, 10], 1, 1, 2)], F([1, 10, 2, 20], 1, 1, 4), ("strides", (long[])[2])),
        Of("ConvTranspose", [F([1, 2], 1, 1, 2), F([1, 10, 100], 1, 1, 3), F([0.5f], 1)], F([1.5f, 12.5f, 120.5f, 200.5f], 1, 1, 4)),
        Of("DFT", [F([1, 0, -1, 0], 1, 4, 1)], F([0, 0, 2, 0, 0, 0, 2, 0], 1, 4, 2)),
        Of("DFT", [F([1, 2, 3], 1, 3, 1), L([4])], F([6, 0, -2, -2, 2, 0], 1, 3, 2), ("onesided", 1)),
        Of("DFT", [F([6, 0, -2, -2, 2, 0], 1, 3, 2)], F([1, 2, 3, 0], 1, 4, 1), ("onesided", 1), ("inverse", 1)),
        Of("DFT", [F([6, 0, -2, -2, 2, 0, -2, 2], 1, 4, 2)], F([1, 0, 2, 0, 3, 0, 0, 0], 1, 4, 2), ("inverse", 1)),
        Of("DeformConv", [F([1, 2, 3, 4], 1, 1, 2, 2), F([10], 1, 1, 1, 1), F([0, 0.5f, 1, 0, 0, 0, 0.5f, 0], 1, 2, 2, 2), F([1], 1)],
            F([11, 31, 1, 41], 1, 1, 2, 2)),
        Of("DepthToSpace", [F([1, 2, 3, 4], 1, 4, 1, 1)], F([1, 2, 3, 4], 1, 1, 2, 2), ("blocksize", 2)),
        Of("Det", [F([1, 2, 3, 4], 2, 2)], F([-2])),
        Of("DynamicQuantizeLinear", [F([0, 2, -3, -2.5f, 1.34f, 0.5f], 6)],
            [U8([153, 255, 0, 26, 221, 179], 6), F([5f / 255]), U8([153])]),
        Of("Einsum", [F([1, 2], 1, 2), F([3, 4], 2, 1)], F([11], 1, 1), ("equation", "ij,jk->ik")),
        Of("Einsum", [F([1, 2, 3, 4], 2, 2)], F([5]), ("equation", "ii->")),
        Of("EyeLike", [F([7, 7, 7, 7], 2, 2)], F([1, 0, 0, 1], 2, 2)),
        Of("GatherElements", [F([1, 2, 3, 4], 2, 2), L([0, 0, 1, -2], 2, 2)], F([1, 1, 4, 3], 2, 2), ("axis", 1)),
        Of("GatherND", [F([0, 1, 2, 3], 2, 2), L([0, 0, 1, 1], 2, 2)], F([0, 3], 2)),
        Of("GlobalLpPool", [F([3, 4], 1, 1, 2)], F([5], 1, 1, 1)),
        Of("GroupNormalization", [F([1, 3, 5, 7], 1, 2, 2), F([1, 2], 2), F([0, 1], 2)],
            F([-1.3416408f, -0.4472136f, 1.8944272f, 3.6832816f], 1, 2, 2), ("num_groups", 1), ("epsilon", 0f)),
        Of("GRU", [F([0], 1, 1, 1), F([0, 0, 0], 1, 3, 1), F([0, 0, 0], 1, 3, 1), null, null, F([2], 1, 1, 1)],
            [F([1], 1, 1, 1, 1), F([1], 1, 1, 1)], ("hidden_size", 1)),
        Of("HammingWindow", [L([2])], F([4f / 46, 4f / 46], 2), ("periodic", 0)),
        Of("HannWindow", [L([4])], F([0, 0.5f, 1, 0.5f], 4)),
        Of("Hardmax", [F([1, 3, 2, 3], 4)], F([0, 1, 0, 0], 4)),
        Of("InstanceNormalization", [F([1, 3, 2, 6], 1, 2, 2), F([1, 2], 2), F([0, 1], 2)], F([-1, 1, -1, 3], 1, 2, 2), ("epsilon", 0f)),
        Of("IsInf", [F([float.PositiveInfinity, float.NegativeInfinity, 1], 3)], B([true, false, false], 3), ("detect_negative", 0)),
        Of("IsNaN", [F([1, float.NaN], 2)], B([false, true], 2)),
        Of("LRN", [F([1, 2], 1, 2, 1)], F([1, 1], 1, 2, 1), ("size", 1), ("alpha", 1f), ("bias", 0f), ("beta", 0.5f)),
        Of("LSTM", [F([0], 1, 1, 1), F(new float[4], 1, 4, 1), F(new float[4], 1, 4, 1), null, null, F([0], 1, 1, 1), F([2], 1, 1, 1)],
            [F([0.380797f], 1, 1, 1, 1), F([0.380797f], 1, 1, 1), F([1], 1, 1, 1)], ("hidden_size", 1)),
        Of("LpNormalization", [F([3, 4, 0, 0], 2, 2)], F([0.6f, 0.8f, 0, 0], 2, 2)),
        Of("LpPool", [F([3, 4], 1, 1, 2)], F([5], 1, 1, 1), ("kernel_shape", (long[])[2])),
        Of("MatMulInteger", [U8([1, 2], 1, 2), U8([3, 4], 2, 1), U8([1])], Tensor.Of([4], 1, 1)),
        Of("MaxUnpool", [F([5], 1, 1, 1), L([1], 1, 1, 1)], F([0, 5], 1, 1, 2), ("kernel_shape", (long[])[2])),
        Of("MaxUnpool", [F([5], 1, 1, 1), L([1], 1, 1, 1), L([1, 1, 3], 3)], F([0, 5, 0], 1, 1, 3), ("kernel_shape", (long[])[2])),
        Of("MelWeightMatrix", [L([1]), L([4]), L([100]), F([0]), F([50])], F([1, 0, 0], 3, 1)),
        Of("MeanVarianceNormalization", [F([1, 3], 1, 1, 1, 2)], F([-1, 1], 1, 1, 1, 2)),
        Of("NegativeLogLikelihoodLoss", [F([-1, -2], 1, 2), L([1], 1)], F([2])),
        Of("NegativeLogLikelihoodLoss", [F([-1, -2, -3, -4], 2, 2), L([1, 0], 2), F([1, 3], 2)], F([2.25f])),
        Of("NonMaxSuppression", [F([0, 0, 1, 1, 0, 0.1f, 1, 1.1f, 3, 3, 4, 4], 1, 3, 4), F([0.7f, 0.9f, 0.5f], 1, 1, 3), L([3], 1),
            F([0.5f], 1), F([0.1f], 1)], L([0, 0, 1, 0, 0, 2], 2, 3)),
        Of("NonMaxSuppression", [F([0, 0, 1, 1, 5, 5, 1, 1], 1, 2, 4), F([0.7f, 0.9f], 1, 1, 2), L([1], 1)], L([0, 0, 1], 1, 3),
            ("center_point_box", 1)),
        Of("NonZero", [F([0, 5, -1, 0, float.NaN, 0], 2, 3)], L([0, 0, 1, 1, 2, 1], 2, 3)),
        Of("NonZero", [B([true, false], 2)], L([0], 1, 1)),
        Of("OneHot", [L([1, -1], 2), L([3]), F([0, 1], 2)], F([0, 1, 0, 0, 0, 1], 2, 3)),
        Of("QLinearConv", [U8([2], 1, 1, 1), F([1]), U8([0]), U8([3], 1, 1, 1), F([1]), U8([0]), F([2]), U8([1])], U8([4], 1, 1, 1)),
        Of("QLinearMatMul", [U8([3], 1, 1), F([0.5f]), U8([1]), U8([5], 1, 1), F([1]), U8([1]), F([1]), U8([0])], U8([4], 1, 1)),
        Of("RNN", [F([1], 1, 1, 1), F([1], 1, 1, 1), F([0], 1, 1, 1)], [F([0.7615942f], 1, 1, 1, 1), F([0.7615942f], 1, 1, 1)],
            ("hidden_size", 1)),
        Of("ReduceL1", [F([1, -2, 3, -4], 2, 2), L([1], 1)], F([3, 7], 2), ("keepdims", 0)),
        Of("ReduceL2", [F([3, 4], 2)], F([5], 1)),
        Of("ReduceLogSum", [F([1, 2], 2)], F([1.0986123f], 1)),
        Of("ReduceLogSumExp", [F([1000, 1000], 2)], F([1000.6931f], 1)),
        Of("ReduceSumSquare", [F([3, 4], 2)], F([25], 1)),
        Of("Resize", [F([1, 3], 1, 1, 1, 2), null, F([1, 1, 1, 2], 4)], F([1, 1.5f, 2.5f, 3], 1, 1, 1, 4), ("mode", "linear")),
        Of("Resize", [F([1, 3], 1, 1, 1, 2), null, null, L([1, 1, 1, 4], 4)], F([1, 1, 3, 3], 1, 1, 1, 4)),
        Of("ReverseSequence", [F([0, 1, 2, 3], 2, 2), L([1, 2], 2)], F([0, 3, 2, 1], 2, 2)),
        Of("RoiAlign", [F([1, 2, 3, 4], 1, 1, 2, 2), F([0, 0, 2, 2], 1, 4), L([0], 1)], F([2.5f], 1, 1, 1, 1), ("sampling_ratio", 1)),
        Of("RoiAlign", [F([1, 2, 3, 4], 1, 1, 2, 2), F([0, 0, 2, 2], 1, 4), L([0], 1)], F([4], 1, 1, 1, 1), ("sampling_ratio", 2),
            ("mode", "max")),
        Of("RotaryEmbedding", [F([1, 0], 1, 1, 1, 2), F([0], 1, 1, 1), F([1], 1, 1, 1)], F([0, 1], 1, 1, 1, 2)),
        Of("STFT", [F([1, 0, -1, 0, 1, 0], 1, 6, 1), L([2]), null, L([4])], F([0, 0, 2, 0, 0, 0, 0, 0, -2, 0, 0, 0], 1, 2, 3, 2)),
        Of("Scatter", [F([1, 2, 3], 3), L([1], 1), F([9], 1)], F([1, 9, 3], 3)) with { Opset = 9 },
        Of("ScatterElements", [F([1, 2, 3], 3), L([1, -2], 2), F([9, 4], 2)], F([1, 15, 3], 3), ("reduction", "add")),
        Of("ScatterND", [F([1, 2, 3, 4], 4), L([1, -1], 2, 1), F([8, 9], 2)], F([1, 8, 3, 9], 4)),
        Of("Shrink", [F([-2, 0.3f, 2], 3)], F([-1, 0, 1], 3), ("bias", 1f)),
        Of("SimplifiedLayerNormalization", [F([3, 4], 1, 2), F([1, 2], 2)], F([0.8485281f, 2.2627417f], 1, 2), ("epsilon", 0f)),
        Of("SoftmaxCrossEntropyLoss", [F([0, 0], 1, 2), L([0], 1)], [F([0.6931472f]), F([-0.6931472f, -0.6931472f], 1, 2)]),
        Of("SpaceToDepth", [F([1, 2, 3, 4], 1, 1, 2, 2)], F([1, 2, 3, 4], 1, 4, 1, 1), ("blocksize", 2)),
        Of("StringNormalizer", [S(["Monday", "b", "monday"], 3)], S(["Monday", "b"], 2), ("stopwords", (string[])["monday"]),
            ("is_case_sensitive", 1)),
        Of("StringNormalizer", [S(["Monday", "b", "ä"], 1, 3)], S(["B", "Ä"], 1, 2), ("stopwords", (string[])["monday"]),
            ("case_change_action", "UPPER")),
        Of("StringNormalizer", [S(["x", "x"], 2)], S([""], 1), ("stopwords", (string[])["x"])),
        Of("StringNormalizer", [S(["X"], 1)], S(["x"], 1), ("case_change_action", "LOWER")),
        Of("StringSplit", [S([" a  b c ", ""], 2)], [S(["a", "b c ", "", ""], 2, 2), L([2, 0], 2)], ("maxsplit", 1)),
        Of("StringSplit", [S(["a,,b", ",", "c"], 3)], [S(["a", "", "b", "", "", "", "c", "", ""], 3, 3), L([3, 2, 1], 3)],
            ("delimiter", ","), ("maxsplit", 9)),
        Of("TensorScatter", [F([0, 0, 0], 1, 3, 1), F([5, 6], 1, 2, 1), L([2], 1)], F([6, 0, 5], 1, 3, 1), ("mode", "circular")),
        Of("TfIdfVectorizer", [L([1, 1, 3, 3, 3, 7], 6)], F([0, 0, 0, 0, 1.5f, 0, 0], 7), ("min_gram_length", 2), ("max_gram_length", 2),
            ("max_skip_count", 5), ("mode", "TFIDF"), ("ngram_counts", (long[])[0, 4]), ("ngram_indexes", (long[])[0, 1, 2, 3, 4, 5, 6]),
            ("pool_int64s", (long[])[2, 3, 5, 4, 3, 7, 7, 8, 6, 7]), ("weights", (float[])[1, 1, 1, 1, 0.5f, 1, 1])),
        Of("TfIdfVectorizer", [L([1, 1, 2], 3)], F([0, 6], 2), ("min_gram_length", 1), ("max_gram_length", 1), ("max_skip_count", 0),
            ("mode", "TFIDF"), ("ngram_counts", (long[])[0]), ("ngram_indexes", (long[])[1, 1]), ("pool_int64s", (long[])[1, 2]),
            ("weights", (float[])[9, 2])),
        Of("Trilu", [F([1, 2, 3, 4], 2, 2)], F([1, 2, 0, 4], 2, 2)),
        Of("Trilu", [F([1, 2, 3, 4], 2, 2), L([-1])], F([0, 0, 3, 0], 2, 2), ("upper", 0)),
        Of("Unique", [F([2, 1, 1, 3, 4, 3], 6)],
            [F([1, 2, 3, 4], 4), L([1, 0, 3, 4], 4), L([1, 0, 0, 2, 3, 2], 6), L([2, 1, 2, 1], 4)]),
        Of("Unique", [L([2, 1, 1, 3, 4, 3], 6)],
            [L([2, 1, 3, 4], 4), L([0, 1, 3, 4], 4), L([0, 1, 1, 2, 3, 2], 6), L([1, 2, 2, 1], 4)], ("sorted", 0)),
        Of("Unique", [F([1, 0, 0, 1, 0, 0, 2, 3, 4], 3, 3)], [F([1, 0, 0, 2, 3, 4], 2, 3), L([0, 2], 2), L([0, 0, 1], 3), L([2, 1], 2)],
            ("axis", 0)),
        Of("Unique", [F([3, 1, 3, 3, 1, 3], 2, 3)], [F([1, 3, 1, 3], 2, 2), L([1, 0], 2), L([1, 0, 1], 3), L([1, 2], 2)], ("axis", 1)),
        Of("Upsample", [F([1, 3], 1, 1, 1, 2), F([1, 1, 1, 2], 4)], F([1, 1, 3, 3], 1, 1, 1, 4)) with { Opset = 9 },
    ];

    private static readonly Example[] MachineLearning =
    [
        Of("ArrayFeatureExtractor", [F([1, 2, 3, 4], 2, 2), L([1], 1)], F([2, 4], 2, 1)),
        Of("Binarizer", [F([0.5f, 1.5f], 1, 2)], F([0, 1], 1, 2), ("threshold", 1f)),
        Of("CategoryMapper", [L([5, 2, 7], 3)], Tensor.Of(["b", "a", "?"], 3), ("cats_int64s", (long[])[2, 5]),
            ("cats_strings", (string[])["a", "b"]), ("default_string", "?")),
        Of("FeatureVectorizer", [F([1, 2], 1, 2), F([3], 1, 1)], F([1, 2, 3], 1, 3), ("inputdimensions", (long[])[2, 1])),
        Of("Imputer", [F([1, float.NaN], 1, 2)], F([1, 7], 1, 2), ("imputed_value_floats", (float[])[5, 7]),
            ("replaced_value_float", float.NaN)),
        Of("LinearClassifier", [F([1, 2], 1, 2)], [L([30], 1), F([1, 0, 3], 1, 3)],
            ("coefficients", (float[])[1, 0, 2, -1, 1, 1]), ("classlabels_ints", (long[])[10, 20, 30])),
        Of("LinearClassifier", [F([2], 1, 1)], [L([4], 1), F([0.26894143f, 0.7310586f], 1, 2)], ("coefficients", (float[])[0.5f]),
            ("classlabels_ints", (long[])[3, 4]), ("post_transform", "LOGISTIC")),
        Of("LinearRegressor", [F([1, 2], 1, 2)], F([8.5f], 1, 1), ("coefficients", (float[])[2, 3]), ("intercepts", (float[])[0.5f])),
        Of("Normalizer", [F([3, 4], 1, 2)], F([0.6f, 0.8f], 1, 2), ("norm", "L2")),
        Of("OneHotEncoder", [L([5, 2, 7], 3, 1)], F([0, 1, 1, 0, 0, 0], 3, 1, 2), ("cats_int64s", (long[])[2, 5])),
        Of("OneHotEncoder", [F([5.5f], 1)], F([0, 1], 1, 2), ("cats_int64s", (long[])[2, 5])),
        Of("SVMClassifier", [F([2, -1], 2, 1)], [L([4, 3], 2), F([-1.5f, 1.5f, 0.75f, -0.75f], 2, 2)],
            ("vectors_per_class", (long[])[1, 1]), ("support_vectors", (float[])[1, -1]), ("coefficients", (float[])[0.25f, -0.5f]),
            ("rho", (float[])[0]), ("classlabels_ints", (long[])[4, 3])),
        Of("SVMRegressor", [F([1, 2], 1, 2)], F([16.5f], 1, 1), ("kernel_type", "POLY"), ("kernel_params", (float[])[1, 1, 2]),
            ("n_supports", 1), ("support_vectors", (float[])[1, 1]), ("coefficients", (float[])[1]), ("rho", (float[])[0.5f])),
        Of("Scaler", [F([3, 4], 1, 2)], F([4, 9], 1, 2), ("offset", (float[])[1, 1]), ("scale", (float[])[2, 3])),
        Of("TreeEnsemble", [F([1, 5], 2, 1)], F([0, 8, 9, 0], 2, 2), ("n_targets", 2), ("tree_roots", (long[])[0]),
            ("nodes_featureids", (long[])[0]), ("nodes_modes", U8([0], 1)), ("nodes_splits", F([3], 1)),
            ("nodes_trueleafs", (long[])[1]), ("nodes_truenodeids", (long[])[0]), ("nodes_falseleafs", (long[])[1]),
            ("nodes_falsenodeids", (long[])[1]), ("leaf_targetids", (long[])[1, 0]), ("leaf_weights", F([8, 9], 2))) with { Version = 5 },
        Of("TreeEnsembleClassifier", [F([1, 5], 2, 1)], [L([7, 3], 2), F([0.25f, 0.75f, 1, 0], 2, 2)], [.. Stump, .. Weights("class", 0),
            ("class_weights", (float[])[0.75f, 0]), ("classlabels_int64s", (long[])[3, 7])]),
        Of("TreeEnsembleRegressor", [F([1, 5], 2, 1)], F([10.5f, 20.5f], 2, 1), [.. Stump, .. Weights("target", 0),
            ("target_weights", (float[])[10, 20]), ("n_targets", 1), ("base_values", (float[])[0.5f])]),
    ];

    private static readonly Example[] Contributed =
    [
        Of("BiasGelu", [F([0.5f], 1), F([0.5f], 1)], F([0.8413447f], 1)),
        Of("FastGelu", [F([1], 1)], F([0.841192f], 1)),
        Of("Attention", [F([1, 3], 1, 2, 1), F([0, 0, 1], 1, 3), F([0, 0, 1], 3)], F([3, 3], 1, 2, 1), ("num_heads", 1)),
        Of("EmbedLayerNormalization", [I([1], 1, 1), null, F([1, 1, 2, 0], 2, 2), F([0, 0], 1, 2), null, F([1, 2], 2), F([0, 1], 2)],
            [F([1, -1], 1, 1, 2), I([0], 1)]),
        Of("FusedConv", [F([2], 1, 1, 1), F([-3], 1, 1, 1), F([1], 1)], F([-0.5f], 1, 1, 1), ("activation", "LeakyRelu"),
            ("activation_params", (float[])[0.1f])),
        Of("FusedGemm", [F([2], 1, 1), F([-3], 1, 1), F([1], 1)], F([0], 1, 1), ("activation", "Relu")),
        Of("MatMulNBits", [F([.. Enumerable.Repeat(1f, 16)], 1, 16), U8([0x98, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x80], 1, 1, 8),
            F([2], 1)],
            F([-14], 1, 1), ("K", 16), ("N", 1), ("bits", 4), ("block_size", 16)),
        Of("MultiHeadAttention", [F([0], 1, 1, 1), F([1, 2], 1, 2, 1), F([4, 6], 1, 2, 1)], F([5], 1, 1, 1), ("num_heads", 1)),
        Of("NhwcMaxPool", [U8([1, 9, 5, 2], 1, 2, 1, 2)], U8([5, 9], 1, 1, 1, 2), ("kernel_shape", (long[])[2, 1])),
        Of("FusedMatMul", [F([1, 2], 1, 2), F([3, 4], 1, 2)], F([22], 1, 1), ("transB", 1), ("alpha", 2f)),
        Of("Gelu", [F([1], 1)], F([0.8413447f], 1)),
        Of("DynamicQuantizeLSTM", [F([1], 1, 1, 1), U8([7, 7, 7, 7], 1, 1, 4), U8([7, 7, 7, 7], 1, 1, 4), null, null, F([0], 1, 1, 1),
            F([2], 1, 1, 1), null, F([1], 1), U8([7], 1), F([1], 1), U8([7], 1)],
            [F([0.380797f], 1, 1, 1, 1), F([0.380797f], 1, 1, 1), F([1], 1, 1, 1)], ("hidden_size", 1)),
        Of("DynamicQuantizeMatMul", [F([1, 3], 1, 2), U8([2, 4], 2, 1), F([0.5f]), U8([0]), F([1], 1)], F([8], 1, 1)),
        Of("MatMulIntegerToFloat", [U8([3, 5], 1, 2), U8([2, 4], 2, 1), F([0.5f]), F([2]), U8([1]), U8([0])], F([20], 1, 1)),
        Of("QAttention", [U8([2, 4], 1, 2, 1), U8([5, 5, 6], 1, 3), F([0, 0, 1], 3), F([1]), F([1]), null, U8([1]), U8([5])],
            F([3, 3], 1, 2, 1), ("num_heads", 1)),
        Of("QGemm", [U8([3, 5], 1, 2), F([0.5f]), U8([1]), U8([2, 4], 2, 1), F([2]), U8([0]), null, F([2]), U8([3])], U8([13], 1, 1)),
        Of("QLinearAveragePool", [U8([2, 4], 1, 1, 1, 2), F([1]), U8([0]), F([1]), U8([0])], U8([3], 1, 1, 1, 1),
            ("kernel_shape", new long[] { 1, 2 })),
        Of("QLinearConcat", [F([0.5f]), U8([0]), U8([2], 1), F([1]), U8([1]), U8([3], 1), F([1]), U8([0])], U8([2, 6], 2), ("axis", 0)),
        Of("QLinearSoftmax", [U8([1, 1], 1, 2), F([1]), U8([0]), F([0.0078125f]), U8([0])], U8([64, 64], 1, 2), ("opset", 13)),
        Of("QLinearAdd", [U8([3], 1), F([1]), U8([1]), U8([4], 1), F([0.5f]), U8([0]), F([0.5f]), U8([2])], U8([10], 1)),
        Of("QLinearGlobalAveragePool", [U8([2, 4], 1, 1, 2), F([1]), U8([0]), F([1]), U8([0])], U8([3], 1, 1, 1)),
        Of("QLinearLeakyRelu", [U8([0, 4], 2), F([1]), U8([2]), F([0.5f]), U8([2])], U8([0, 6], 2), ("alpha", 0.5f)),
        Of("QLinearMul", [U8([3], 1), F([1]), U8([1]), U8([4], 1), F([0.5f]), U8([0]), F([1]), U8([0])], U8([4], 1)),
        Of("QLinearSigmoid", [U8([0], 1), F([1]), U8([0]), F([0.25f]), U8([0])], U8([2], 1)),
        Of("QuickGelu", [F([1], 1)], F([0.8457958f], 1)),
        Of("SkipLayerNormalization", [F([1, 1], 1, 2), F([0, 2], 1, 2), F([1, 2], 2), F([0, 1], 2)], F([-1, 3], 1, 2)),
        Of("SkipSimplifiedLayerNormalization", [F([1, 1], 1, 2), F([2, 3], 1, 2), F([1, 2], 2)], F([0.8485281f, 2.2627417f], 1, 2)),
    ];

    private static readonly Example[] All =
        [.. Examples, .. MachineLearning.Select(e => e with { Domain = LabelEncoderOperator.MlDomain }),
            .. Contributed.Select(e => e with { Domain = MicrosoftDomain.Name })];

    public static IEnumerable<object[]> Indices => All.Select((e, i) => (object[])[i, e.OpType]);

    [Fact]
    public void EveryExpansionHasAnExample() => Assert.Equal(
        ExpansionTable.All, All.Select(e => (e.Domain, e.OpType)).Distinct().Order());

    [Theory]
    [MemberData(nameof(Indices))]
    public void GivesTheExpectedOutputs(int index, string opType)
    {
        Example example = All[index];
        Assert.Equal(opType, example.OpType);
        // Once with everything constant, and once with the data as an input where no shape depends on it.
        Graph constant = Import(example, variable: false);
        Compare(example, constant, new GraphEvaluator(constant).Evaluate([]));
        if (OperatorSchema.OfRewritten(example.Domain, opType)!.Newest.Input(0)!.Fixed)
            return;
        Graph graph = Import(example, variable: true);
        Compare(example, graph, new GraphEvaluator(graph).Evaluate([example.Inputs[0]!]));
        LoweredModel lowered = GraphLowerer.Lower(new CompressedModel(PassPipeline.Run(graph)), new BoundaryOptions { ClassName = "E" });
        Compare(example, graph, Plans.Execute(lowered).Run([example.Inputs[0]!]));
    }

    [Fact]
    public void WhatShapesDependOnMustBeConstant()
    {
        foreach (Example example in Examples.Where(e => e.Opset >= 11))
        {
            OperatorForm form = OperatorSchema.OfRewritten("", example.OpType)!.Newest;
            for (int i = 0; i < example.Inputs.Length; i++)
            {
                if (example.Inputs[i] is null || form.Input(i)?.Fixed != true)
                    continue;
                ModelBuilder model = Model(example, at => at == i);
                string code = Assert.Throws<ModelException>(() => model.Import()).Diagnostic.Descriptor.Code;
                Assert.Contains(code, (string[])["OPT0005", "OPT0007"]);
            }
        }
    }

    private static Graph Import(Example example, bool variable) => Model(example, at => variable && at == 0).Import();

    private static ModelBuilder Model(Example example, Func<int, bool> isVariable)
    {
        var model = new ModelBuilder(example.Opset);
        if (example.Domain.Length > 0)
            model.Model.OpsetImport.Add(
                new OperatorSetIdProto { Domain = example.Domain, Version = example.Domain == MicrosoftDomain.Name ? 1 : example.Version });
        string[] names = [.. example.Inputs.Select((x, i) => x is null ? "" : "i" + i)];
        string[] outputs = [.. example.Outputs.Select((_, i) => "o" + i)];
        for (int i = 0; i < names.Length; i++)
        {
            if (example.Inputs[i] is not { } input)
                continue;
            if (isVariable(i))
                model.Input(names[i], input.Element, [.. input.Dimensions.Cast<object?>()]);
            else
                model.Constant(names[i], input);
        }
        model.Node(example.OpType, string.Join(',', names), string.Join(',', outputs), example.Attributes).Output(outputs);
        model.Model.Graph.Node[0].Domain = example.Domain;
        return model;
    }

    private static void Compare(Example example, Graph graph, Tensor[] outputs)
    {
        outputs = BoundedOutputs.Cut(graph.Outputs, outputs, example.Outputs);
        Assert.Equal(example.Outputs.Length, outputs.Length);
        for (int i = 0; i < outputs.Length; i++)
            TensorComparison.AssertClose(example.Outputs[i], outputs[i], 1e-5, 1e-6);
    }

    // Whether the only feature is at most 3; the leaves are the nodes 1 and 2.
    private static (string, object)[] Stump =>
    [
        ("nodes_treeids", (long[])[0, 0, 0]), ("nodes_nodeids", (long[])[0, 1, 2]), ("nodes_featureids", (long[])[0, 0, 0]),
        ("nodes_modes", (string[])["BRANCH_LEQ", "LEAF", "LEAF"]), ("nodes_values", (float[])[3, 0, 0]),
        ("nodes_truenodeids", (long[])[1, 0, 0]), ("nodes_falsenodeids", (long[])[2, 0, 0]),
    ];

    private static (string, object)[] Weights(string stem, long target) =>
    [
        (stem + "_treeids", (long[])[0, 0]), (stem + "_nodeids", (long[])[1, 2]), (stem + "_ids", (long[])[target, target]),
    ];

    private static Example Of(string opType, Tensor?[] inputs, Tensor output, params (string, object)[] attributes) =>
        new(opType, inputs, [output], attributes);

    private static Example Of(string opType, Tensor?[] inputs, Tensor[] outputs, params (string, object)[] attributes) =>
        new(opType, inputs, outputs, attributes);

    private static Tensor F(float[] values, params int[] dimensions) => Tensor.Of(values, dimensions);

    private static Tensor U8(byte[] values, params int[] dimensions) => Tensor.Of(values, dimensions);

    private static Tensor I(int[] values, params int[] dimensions) => Tensor.Of(values, dimensions);

    private static Tensor S(string[] values, params int[] dimensions) => Tensor.Of(values, dimensions);

    private static Tensor L(long[] values, params int[] dimensions) => Tensor.Of(values, dimensions);

    private static Tensor B(bool[] values, params int[] dimensions) => Tensor.Of(values, dimensions);

    private sealed record Example(string OpType, Tensor?[] Inputs, Tensor[] Outputs, (string, object)[] Attributes)
    {
        public int Opset { get; init; } = GraphImporter.NewestOpset;

        public string Domain { get; init; } = "";

        // The version of ai.onnx.ml.
        public int Version { get; init; } = 3;
    }
}
